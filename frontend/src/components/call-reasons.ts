/** Why a call was not made, by how it ended: mirrors `Reason::outcome` of `crates/domain/src/refusal.rs` and must follow it. */
import type { Call } from "@/lib/data/activity";

type Reason = NonNullable<Call["reason"]>;

const OUTCOME_OF = {
  unknown: "refused",
  invalid_params: "refused",
  role: "refused",
  key_scope: "refused",
  rule: "refused",
  switched_off: "refused",
  approval_denied: "refused",
  approval_declined: "refused",
  approval_expired: "refused",
  no_approver: "refused",
  duplicate_id: "refused",
  session_ended: "refused",
  record_unavailable: "refused",
  limit_per_minute: "limited",
  limit_concurrent: "limited",
  limit_per_day: "limited",
  limit_in_flight: "limited",
  limit_approvals: "limited",
  server_busy: "limited",
} as const satisfies Record<Reason, "refused" | "limited">;

/** Those that calls of an outcome can have, or of any outcome where it is empty; none of the others are refusals. */
export function reasonsOf(outcome: string): Reason[] {
  const all = Object.keys(OUTCOME_OF) as Reason[];
  return outcome === "" || outcome === "failed" ? all : all.filter((reason) => OUTCOME_OF[reason] === outcome);
}
