import { asked, failure, http, isEmpty, ME } from "../backend";
import { key, pageOf, problem } from "../factories";

export const keyHandlers = [
  http.get("/api/v1/projects/{project}/limits", ({ response }) => response(200).json({ limits: {}, effective: {}, version: 0 })),
  http.post("/api/v1/projects/{project}/snippets", ({ response }) => response(200).json({ url: location.origin, items: [], next_cursor: null })),
  http.get("/api/v1/projects/{project}/keys", async ({ params, response }) => {
    const error = failure(params.project, "keys");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    const gone = key({ name: "old laptop", revoked_at: "2026-02-01T00:00:00Z" });
    const left = key({ name: "of one who left", creator_role: null });
    const lowered = key({ name: "of a viewer", creator_role: "viewer" });
    return response(200).json(pageOf([key({ creator_id: ME.id }), key({ name: "of somebody else", limits: { per_minute: 60, per_day: 1000 } }), left, lowered, gone]));
  }),
  http.post("/api/v1/projects/{project}/keys", async ({ request, response }) => {
    const body = await request.json();
    asked.push({ what: "key", body });
    if (body.name === "refused") {
      const errors = [{ field: "name", problem: "there is one already", hint: "choose another" }];
      return response(422).json(problem({ code: "invalid", status: 422, errors }));
    }
    return response(201).json({ ...key({ name: body.name, creator_id: ME.id }), key: "orch_the-whole-key" });
  }),
];
