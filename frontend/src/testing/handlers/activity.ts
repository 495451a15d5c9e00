import { failure, http, isEmpty } from "../backend";
import { call, id, pageOf, problem } from "../factories";
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

export const activityHandlers = [
  http.get("/api/v1/projects/{project}/activity", async ({ params, query, response }) => {
    const error = failure(params.project, "activity");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    if (query.get("cursor") !== null) return response(503).json(problem({ code: "internal", status: 503 }));
    const usual = [
      call({ arguments: '{"path":"/etc/hosts","token":"[hidden]"}' }),
      call({ target: "search", arguments_digest: "c0ffee" }),
      call({ target: "write_file", outcome: "tool_error" }),
    ];
    const calls = { refused: REFUSED, recorded: RECORDED, joined: TOLD }[params.project] ?? usual;
    const outcome = query.get("outcome");
    const reason = query.get("reason");
    if (reason !== null) return response(200).json(pageOf(calls.filter((one) => one.reason === reason)));
    const page = pageOf(outcome === null ? calls : calls.filter((one) => (outcome === "failed" ? one.outcome !== "ok" : one.outcome === outcome)));
    return response(200).json({ ...page, next_cursor: params.project === "short" ? id() : null });
  }),
];
