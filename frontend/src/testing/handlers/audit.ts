import { delay } from "msw";

import { asked, failure, http, isEmpty } from "../backend";
import { auditEntry, pageOf, problem } from "../factories";

const MORE = "00000000-0000-7000-8000-000000000000";

/** One with names, one of a version before names, one of a later version, and one of nobody. */
const ENTRIES = [
  auditEntry({ action: "member.update", target: { kind: "member", id: "1", name: "bob@example.com" }, detail: "from member to admin", facts: [{ name: "before", value: "member" }, { name: "now", value: "admin" }, { name: "as", value: "instance_admin" }, { name: "project", value: "demo" }] }),
  auditEntry({ action: "server.update", target: { kind: "server", id: "2", name: "github" }, detail: "env TOKEN, max in flight", facts: [{ name: "changed", value: "env TOKEN" }, { name: "changed", value: "max_in_flight" }] }),
  auditEntry({ action: "policy.add", target: { kind: "policy", id: "3", name: "demo" }, detail: "added rule 0198: deny" }),
  auditEntry({ action: "moon.land" as "server.update", target: { kind: "moon", id: "4", name: "Luna" } }),
  auditEntry({ action: "login.fail", via: "system", user_id: null, user_email: null, target: { kind: "user", id: "", name: "eve@example.com" }, facts: [{ name: "reason", value: "wrong_password" }] }),
];

/** Names that are also words, words with a number, and what a sentence says wholly. */
const WORDED = [
  auditEntry({ target: { kind: "project", id: "1", name: "member" }, facts: [{ name: "changed", value: "slug" }, { name: "before", value: "admin" }] }),
  auditEntry({ action: "policy.update", target: { kind: "policy", id: "1", name: "demo" }, facts: [{ name: "changed", value: "env reads" }] }),
  auditEntry({ action: "limits.update", facts: [{ name: "set", value: "key.per_minute 60" }, { name: "set", value: "server_concurrent 4" }, { name: "set", value: "moons 2" }] }),
  auditEntry({ action: "limits.update", facts: [{ name: "set", value: "nothing" }] }),
  auditEntry({ action: "mail.fail", target: { kind: "user", id: "2", name: "eve@example.com" }, facts: [{ name: "reason", value: "changed by the other server" }] }),
  auditEntry({ action: "user.change_password", target: { kind: "user", id: "3", name: "ada@example.com" }, detail: "changed by the user; the other logins were ended" }),
];

export const auditHandlers = [
  http.get("/api/v1/audit", ({ response }) => response(200).json(pageOf([auditEntry({ project_id: "9", action: "server.delete", target: { kind: "server", id: "2", name: "github" } })]))),
  http.get("/api/v1/projects/{project}/audit", async ({ params, query, request, response }) => {
    const error = failure(params.project, "audit");
    if (error !== undefined) return response(500).json(error);
    if (await isEmpty(params.project)) return response(200).json(pageOf([]));
    asked.push({ what: "audit", body: Object.fromEntries(new URL(request.url).searchParams) });
    if (params.project === "worded") return response(200).json(pageOf(WORDED));
    if (query.get("search") === "long") await delay("infinite");
    if (query.get("search") === "nowhere") return response(200).json(pageOf([]));
    if (query.get("cursor") === MORE && params.project === "short") return response(503).json(problem({ code: "internal", status: 503 }));
    if (query.get("cursor") === MORE) return response(200).json(pageOf([auditEntry({ action: "project.create", target: { kind: "project", id: "5", name: "demo" } })]));
    return response(200).json({ ...pageOf(ENTRIES), next_cursor: MORE });
  }),
];
