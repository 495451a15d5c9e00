import type { Key } from "@/lib/data/keys";

export type KeyState = "active" | "expired" | "revoked";

export function keyState({ revoked_at: revoked, expires_at: expires }: Pick<Key, "revoked_at" | "expires_at">, now: Date): KeyState {
  // Whatever this browser's clock says: a time is there once it is done.
  if (revoked !== null) return "revoked";
  return expires !== null && new Date(expires) <= now ? "expired" : "active";
}
