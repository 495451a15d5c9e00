import { http } from "../backend";
import { id, pageOf } from "../factories";
import { projectOf } from "./projects";

/** The one rule that there is. */
export const RULE = id();

/** Who sets no rules is not told which one it was. `delete_file` is hidden by a rule, `read_file` out of reach of the key, and the rest nobody forbids. */
export const policyHandlers = [
  http.get("/api/v1/projects/{project}/approvals", ({ response }) => response(200).json(pageOf([]))),
  http.get("/api/v1/projects/{project}/policy", ({ response }) =>
    response(200).json({
      rules: [{ id: RULE, name: "Nobody deletes", enabled: true, subject: { type: "anybody" }, object: { server: null, kind: "tool", name: "delete_*", annotations: {} }, effect: "deny", approval: null }],
      switched_off: [],
      version: 1,
    }),
  ),
  http.post("/api/v1/projects/{project}/policy/explain", async ({ params, request, response }) => {
    const { name } = await request.json();
    const isTold = name === "delete_file" && projectOf(params.project).role === "admin";
    const [effect, reason] = (
      {
        delete_file: ["deny", isTold ? "rule 2 (Nobody deletes) says deny" : "a rule of the project says deny"],
        read_file: ["deny", "the API key was made for other servers"],
      } as const
    )[name] ?? (["allow", "no rule is about it, and the role member may"] as const);
    return response(200).json({
      effect,
      reason,
      rule_id: isTold ? RULE : null,
      user_id: id(),
      key_id: null,
      role: "member",
      annotations: { read_only: false, destructive: false, idempotent: false, open_world: false },
      steps: isTold ? [{ rule_id: RULE, place: 2, name: "Nobody deletes", matched: true, unlike: null }] : [],
    });
  }),
];
