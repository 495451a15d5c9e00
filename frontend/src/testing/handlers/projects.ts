import type { Schemas } from "@/lib/api/client";

import { asked, failure, http, isEmpty } from "../backend";
import { pageOf, problem, project } from "../factories";

const ROLES: Record<string, Schemas["Role"]> = { joined: "member", viewed: "viewer" };

export const projectOf = (slug: string) => project({ slug, role: ROLES[slug] ?? "admin" });

/** The list of projects belongs to none; a test says by this which one it is. Of `half` no import succeeds. */
export const projectList = { is: "demo" };

export const projectHandlers = [
  http.get("/api/v1/stars", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects", async ({ response }) => {
    const { is } = projectList;
    const error = failure(is, "projects");
    if (error !== undefined) return response(500).json(error);
    return response(200).json(pageOf((await isEmpty(is)) ? [] : [project(), project({ slug: "other", name: "Other" })]));
  }),
  http.post("/api/v1/projects", async ({ request, response }) => {
    const body = await request.json();
    asked.push({ what: "new project", body });
    if (body.slug === "demo") {
      const detail = "a project with this slug exists already";
      const errors = [{ field: "slug", problem: detail, hint: "write another one" }];
      return response(409).json(problem({ code: "conflict", status: 409, detail, errors }));
    }
    return response(201).json(project({ name: body.name, slug: body.slug ?? "new" }));
  }),
  http.post("/api/v1/projects/{project}/import", async ({ params, request, response }) => {
    asked.push({ what: `import into ${params.project}`, body: await request.json() });
    if (projectList.is === "half") return response(503).json(problem({ code: "unavailable", status: 503 }));
    return response(200).json({ dry_run: false, servers: [], problems: [], warnings: [] });
  }),
  http.get("/api/v1/projects/{project}", ({ params, response }) => response(200).json(projectOf(params.project))),
  http.get("/api/v1/projects/{project}/snippets", ({ response }) => response(200).json({ url: "http://localhost/mcp", ...pageOf([]) })),
  http.patch("/api/v1/projects/{project}", async ({ params, request, response }) => {
    const body = await request.json();
    asked.push({ what: "project", body });
    const hidden = body.recorded_arguments?.mode === "redacted" ? (body.recorded_arguments.hidden ?? []) : [];
    const place = hidden.indexOf("refused");
    if (place !== -1) {
      const errors = [{ field: `recorded_arguments.hidden[${place}]`, problem: "it is no pattern", hint: "use a name" }];
      return response(422).json(problem({ code: "invalid", status: 422, errors }));
    }
    return response(200).json({ ...projectOf(params.project), version: 2 });
  }),
];
