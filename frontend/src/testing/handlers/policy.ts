import { http } from "../backend";
import { id, pageOf } from "../factories";

/** The one rule that there is. */
export const RULE = id();

/** `delete_file` is hidden by a rule, `read_file` out of reach of the key, and the rest nobody forbids. */
export const policyHandlers = [
  http.get("/api/v1/projects/{project}/approvals", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects/{project}/policy", ({ response }) =>
    response(200).json({
      rules: [{ id: RULE, name: "Nobody deletes", enabled: true, subject: { type: "anybody" }, object: { server: null, kind: "tool", name: "delete_*", annotations: {} }, effect: "deny", approval: null }],
      switched_off: [],
      version: 1,
    }),
  ),
  http.post("/api/v1/projects/{project}/policy/explain", async ({ request, response }) => {
    const { name } = await request.json();
    const rule = id();
    const [effect, reason] = (
      {
        delete_file: ["deny", "rule 2 (Nobody deletes) says deny"],
        read_file: ["deny", "the API key was made for other servers"],
      } as const
    )[name] ?? (["allow", "no rule is about it, and the role member may"] as const);
    return response(200).json({
      effect,
      reason,
      rule_id: name === "delete_file" ? rule : null,
      user_id: id(),
      key_id: null,
      role: "member",
      annotations: { read_only: false, destructive: false, idempotent: false, open_world: false },
      steps: name === "delete_file" ? [{ rule_id: rule, place: 2, name: "Nobody deletes", matched: true, unlike: null }] : [],
    });
  }),
];
