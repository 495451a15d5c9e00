import type { Schemas } from "@/lib/api/client";

import { asked, failure, http, isEmpty } from "../backend";
import { pageOf, problem, server } from "../factories";

/** What is refused of the paths of a sandbox. */
function refusalOf(sandbox: Schemas["SandboxRequest"] | undefined): Schemas["Problem"] | undefined {
  const place = sandbox?.read_paths?.indexOf("/refused") ?? -1;
  if (place === -1) return undefined;
  return problem({ code: "invalid", status: 422, errors: [{ field: `sandbox.read_paths[${place}]`, problem: "it is not there", hint: "" }] });
}

/** The one called `crashing` died when it was asked. */
function oneOf(alias: string): Schemas["ServerView"] {
  const { status } = server();
  return server({ alias, name: alias, status: alias === "crashing" ? { ...status, state: "backing_off", reason: "exited with code 3", failures: 1, retry_at: "2026-01-31T12:00:01Z" } : status });
}

export const serverHandlers = [
  http.post("/api/v1/projects/{project}/servers", async ({ request, response }) => {
    const body = await request.json();
    asked.push({ what: "new server", body });
    const refused = refusalOf(body.sandbox);
    return refused === undefined ? response(201).json(server({ alias: body.alias })) : response(422).json(refused);
  }),
  http.get("/api/v1/projects/{project}/servers", async ({ params, response }) => {
    const error = failure(params.project, "servers");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    return response(200).json(pageOf([server(), server({ alias: "search", name: "Search" })]));
  }),
  http.get("/api/v1/projects/{project}/servers/{server}", ({ params, response }) => response(200).json(oneOf(params.server))),
  http.get("/api/v1/projects/{project}/servers/{server}/personal-secrets", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects/{project}/servers/{server}/tools", ({ params, response }) =>
    response(200).json({
      kind: "tool",
      fetched_at: params.server === "crashing" ? null : "2026-01-31T12:00:00Z",
      lacking: null,
      items: (params.server === "crashing" ? [] : ["read_file", "delete_file"]).map((name) => ({
        name,
        definition: { name },
        effect: name === "delete_file" ? "deny" : "allow",
      })),
    } as never),
  ),
  http.post("/api/v1/projects/{project}/servers/{server}/start", ({ params, response }) => {
    asked.push({ what: "start", body: params.server });
    return response(200).json(server({ alias: params.server, status: { ...server().status, state: "starting" } }));
  }),
  http.patch("/api/v1/projects/{project}/servers/{server}", async ({ params, request, response }) => {
    const body = await request.json();
    asked.push({ what: "server", body });
    const refused = refusalOf(body.sandbox);
    if (refused !== undefined) return response(422).json(refused);
    if (body.sandbox?.mode === "best_effort") {
      const errors = [{ field: "sandbox", problem: "this machine has none", hint: "" }];
      return response(422).json(problem({ code: "invalid", status: 422, detail: "the sandbox cannot be had", errors }));
    }
    return response(200).json(server({ alias: params.server, version: 2 }));
  }),
];
