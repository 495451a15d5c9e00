/** The ends of the list of used tools. */
import type { Rank } from "@/lib/data/usage";

const SHOWN = 5;

const isOne = (rank: Rank) => !rank.is_rest;

/** By the 95th percentile. */
export function slowest(ranks: readonly Rank[]): Rank[] {
  return ranks
    .filter((rank) => isOne(rank) && rank.p95_ms !== null)
    .sort((a, b) => (b.p95_ms ?? 0) - (a.p95_ms ?? 0))
    .slice(0, SHOWN);
}

/** By the number of failures: what fails once of once is less of a trouble than what fails a hundred times. */
export function mostFailing(ranks: readonly Rank[]): Rank[] {
  return ranks
    .filter((rank) => isOne(rank) && rank.errors > 0)
    .sort((a, b) => b.errors - a.errors || b.errors / b.calls - a.errors / a.calls)
    .slice(0, SHOWN);
}
