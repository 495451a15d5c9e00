import { asked, failure, http, isEmpty } from "../backend";
import { auditEntry, pageOf } from "../factories";

const MORE = "00000000-0000-7000-8000-000000000000";

/** One with names, one of a version before names, one of a later version, and one of nobody. */
const ENTRIES = [
  auditEntry({ action: "member.update", target: { kind: "member", id: "1", name: "bob@example.com" }, detail: "from member to admin", facts: [{ name: "before", value: "member" }, { name: "now", value: "admin" }, { name: "as", value: "instance_admin" }, { name: "project", value: "demo" }] }),
  auditEntry({ action: "server.update", target: { kind: "server", id: "2", name: "github" }, detail: "env TOKEN, max in flight", facts: [{ name: "changed", value: "env TOKEN" }, { name: "changed", value: "max_in_flight" }] }),
  auditEntry({ action: "policy.add", target: { kind: "policy", id: "3", name: "demo" }, detail: "added rule 0198: deny" }),
  auditEntry({ action: "moon.land" as "server.update", target: { kind: "moon", id: "4", name: "Luna" } }),
  auditEntry({ action: "login.fail", via: "system", user_id: null, user_email: null, target: { kind: "user", id: "", name: "eve@example.com" }, facts: [{ name: "reason", value: "wrong_password" }] }),
];

export const auditHandlers = [
  http.get("/api/v1/projects/{project}/audit", async ({ params, query, request, response }) => {
    const error = failure(params.project, "audit");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    asked.push({ what: "audit", body: Object.fromEntries(new URL(request.url).searchParams) });
    if (query.get("search") === "nowhere") return response(200).json(pageOf([]));
    if (query.get("cursor") === MORE) return response(200).json(pageOf([auditEntry({ action: "project.create", target: { kind: "project", id: "5", name: "demo" } })]));
    return response(200).json({ ...pageOf(ENTRIES), next_cursor: MORE });
  }),
];
