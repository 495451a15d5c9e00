import { may } from "@/lib/access";
import type { Key } from "@/lib/data/keys";

/** Without effect is one whose maker may call nothing any more: it comes back to life once they may again. */
export type KeyState = "active" | "powerless" | "expired" | "revoked";

export function keyState({ revoked_at: revoked, expires_at: expires, creator_role: role }: Pick<Key, "revoked_at" | "expires_at" | "creator_role">, now: Date): KeyState {
  // Whatever this browser's clock says: a time is there once it is done.
  if (revoked !== null) return "revoked";
  if (expires !== null && new Date(expires) <= now) return "expired";
  return role !== null && may(role, "call") ? "active" : "powerless";
}
