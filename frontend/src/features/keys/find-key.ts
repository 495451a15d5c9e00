import type { Key } from "@/lib/data/keys";

/** Who found a leaked key pastes all of it. What is behind its public part goes nowhere: not even into the address. */
export function withoutSecret(sought: string): string {
  return sought.replace(/(orch_[A-Za-z0-9]{12})_\S*/g, "$1");
}

/** Whether a key is meant by what somebody wrote: a part of its name, or of its public part. */
export function isFound({ name, prefix }: Pick<Key, "name" | "prefix">, sought: string): boolean {
  return `${name} ${prefix}`.toLowerCase().includes(sought.trim().toLowerCase());
}
