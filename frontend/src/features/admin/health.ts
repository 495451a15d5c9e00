/** How the parts of the instance are, in one word each. */
import type { Schemas } from "@/lib/api/client";
import { isFailing, type ServerState } from "@/lib/data/server-states";

/** `doubtful` is what works and yet wants somebody to look at it. */
export type Health = "good" | "doubtful" | "bad" | "unknown";

export type System = Schemas["SystemView"];

export function failingServers({ fleet }: System): number {
  return fleet.servers.filter(({ state }) => isFailing(state as ServerState)).reduce((sum, { count }) => sum + count, 0);
}

export function damagedRecords(journal: System["journal"]): number {
  return journal.corrupt_segments + journal.rejected_records;
}

export function journalHealth(journal: System["journal"]): Health {
  if (!journal.healthy) return "bad";
  return damagedRecords(journal) > 0 ? "doubtful" : "good";
}

/** As bad as the worst part below. */
export function healthOf(state: System): Health {
  if (!state.healthy) return "bad";
  const isDoubtful = failingServers(state) > 0 || state.encryption.stale_secrets > 0 || damagedRecords(state.journal) > 0;
  return isDoubtful ? "doubtful" : "good";
}
