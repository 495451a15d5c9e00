import { failure, http, isEmpty } from "../backend";
import { call, pageOf } from "../factories";

/** As they stand on record: under the name that the client used, of no server. */
const REFUSED = ["files__delete_file", "files__read_file", "files__fly", "mail__send"].map((target) => call({ server: "", server_id: null, target, outcome: "refused" }));

export const activityHandlers = [
  http.get("/api/v1/projects/{project}/activity", async ({ params, query, response }) => {
    const error = failure(params.project, "activity");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    const calls = params.project === "refused" ? REFUSED : [
      call({ arguments: '{"path":"/etc/hosts","token":"[hidden]"}' }),
      call({ target: "search", arguments_digest: "c0ffee" }),
      call({ target: "write_file", outcome: "tool_error" }),
    ];
    const outcome = query.get("outcome");
    return response(200).json(pageOf(outcome === null ? calls : calls.filter((one) => (outcome === "failed" ? one.outcome !== "ok" : one.outcome === outcome))));
  }),
];
