import { failure, http, isEmpty } from "../backend";
import { call, pageOf } from "../factories";

export const activityHandlers = [
  http.get("/api/v1/projects/{project}/activity", async ({ params, query, response }) => {
    const error = failure(params.project, "activity");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    const calls = [
      call({ arguments: '{"path":"/etc/hosts","token":"[hidden]"}' }),
      call({ target: "search", arguments_digest: "c0ffee" }),
      call({ target: "write_file", outcome: "tool_error" }),
    ];
    const outcome = query.get("outcome");
    return response(200).json(pageOf(outcome === null ? calls : calls.filter((one) => (outcome === "failed" ? one.outcome !== "ok" : one.outcome === outcome))));
  }),
];
