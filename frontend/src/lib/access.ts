/**
 * What a role may do, for buttons that say beforehand what the daemon would answer. The daemon decides: this mirrors
 * `crates/domain/src/policy.rs` and must follow it.
 */
import type { Schemas } from "./api/client";

export type Role = Schemas["Role"];

const RANK: Record<Role, number> = { viewer: 0, member: 1, admin: 2 };

const LEAST_ROLE = {
  view: "viewer",
  call: "member",
  useOwnKeys: "member",
  inspect: "admin",
  approve: "admin",
  manageServers: "admin",
  manageProject: "admin",
} as const satisfies Record<string, Role>;

export type Action = keyof typeof LEAST_ROLE;

export function may(role: Role, action: Action): boolean {
  return RANK[role] >= RANK[LEAST_ROLE[action]];
}

/** The role that an action needs, where the given one does not reach; undefined where it does. */
export function neededRole(role: Role, action: Action): Role | undefined {
  return may(role, action) ? undefined : LEAST_ROLE[action];
}
