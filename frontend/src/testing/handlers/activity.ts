import { asked, failure, http, isEmpty, ME } from "../backend";
import { auditEntry, call, id, pageOf, problem } from "../factories";
import { RULE } from "./policy";

/** As a version before reasons has recorded them: under the name that the client used, of no server. */
const REFUSED = ["files__delete_file", "files__read_file", "files__fly", "mail__send"].map((target) => call({ server: "", server_id: null, target, outcome: "refused" }));

/** Refused with the reason on record: by a rule that is there, by one that is not, and otherwise. */
const RECORDED = [
  call({ target: "files__delete_file", outcome: "refused", reason: "rule", rule_id: RULE }),
  call({ target: "files__wipe", outcome: "refused", reason: "rule", rule_id: id() }),
  call({ target: "files__fly", outcome: "refused", reason: "unknown" }),
  call({ target: "mail__send", server: "", server_id: null, outcome: "refused", reason: "unknown" }),
  call({ target: "move_file", outcome: "refused", reason: "approval_expired", rule_id: RULE, waited_ms: 300_000 }),
  call({ target: "read_file", outcome: "limited", reason: "limit_per_day" }),
  call({ target: "list_files", outcome: "refused", reason: "of_another_version" as "rule" }),
];

/** As who does not inspect gets it: what is hidden looks like what is missing. */
const TOLD = [call({ server: "", server_id: null, target: "files__delete_file", outcome: "refused", reason: "unknown" })];

/** Of the last day: ten calls, of which three did not end well. */
const USED = { calls: 10, errors: 3, average_ms: 4, p50_ms: 3, p95_ms: 9.5, p99_ms: 9.9, max_ms: 10 };

export const activityHandlers = [
  http.get("/api/v1/projects/{project}/usage/top", ({ response }) =>
    response(200).json({ from: "2026-01-30T12:00:00Z", until: "2026-01-31T12:00:00Z", by: "tool", items: [] }),
  ),
  // Nobody has made any but the admins.
  http.get("/api/v1/projects/{project}/calls", ({ params, response }) => response(200).json(pageOf(params.project === "demo" ? [call()] : []))),
  http.get("/api/v1/projects/{project}/usage", ({ response }) =>
    response(200).json({ from: "2026-01-30T12:00:00Z", until: "2026-01-31T12:00:00Z", step: "hour", total: USED, points: [] }),
  ),
  http.get("/api/v1/projects/{project}/activity", async ({ params, query, request, response }) => {
    const error = failure(params.project, "activity");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    if (query.get("cursor") !== null) return response(503).json(problem({ code: "internal", status: 503 }));
    if (query.get("type") === "change") {
      const entry = auditEntry({ user_id: ME.id, user_email: null, action: "server.update", target: { kind: "server", id: id(), name: "files" } });
      return response(200).json(pageOf([{ ...entry, type: "change" as const }]));
    }
    asked.push({ what: "calls", body: Object.fromEntries(new URL(request.url).searchParams) });
    const usual = [
      call({ arguments: '{"path":"/etc/hosts","token":"[hidden]"}' }),
      call({ target: "search", arguments_digest: "c0ffee" }),
      call({ target: "write_file", outcome: "tool_error" }),
    ];
    const calls = { refused: REFUSED, recorded: RECORDED, joined: TOLD }[params.project] ?? usual;
    // Nobody has called before that year.
    if ((query.get("until") ?? "9") < "2026") return response(200).json(pageOf([]));
    const outcome = query.get("outcome");
    const reason = query.get("reason");
    if (reason !== null) return response(200).json(pageOf(calls.filter((one) => one.reason === reason)));
    const page = pageOf(outcome === null ? calls : calls.filter((one) => (outcome === "failed" ? one.outcome !== "ok" : one.outcome === outcome)));
    return response(200).json({ ...page, next_cursor: params.project === "short" ? id() : null });
  }),
];
