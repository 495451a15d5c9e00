import { failure, http, isEmpty, ME } from "../backend";
import { member, pageOf } from "../factories";

export const memberHandlers = [
  http.get("/api/v1/users", ({ response }) => response(200).json(pageOf([ME]))),
  http.get("/api/v1/projects/{project}/members", async ({ params, response }) => {
    const error = failure(params.project, "members");
    if (error !== undefined) return response(500).json(error);
    await isEmpty(params.project);
    const bob = member({ email: "bob@example.com", name: "Bob", role: "viewer", direct_role: null, teams: [{ id: ME.id, name: "Guests", slug: "guests", role: "viewer" }] });
    return response(200).json(pageOf([member({ user_id: ME.id, email: ME.email, name: ME.name }), bob]));
  }),
  http.get("/api/v1/teams", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects/{project}/teams", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects/{project}/invitations", ({ response }) => response(200).json(pageOf([]))),
];
