import { expect, test } from "vitest";

import type { Rank } from "@/lib/data/usage";

import { mostFailing, slowest } from "./ranks";

const rank = (label: string, calls: number, errors: number, p95: number | null, isRest = false): Rank => ({
  label,
  calls,
  errors,
  p50_ms: p95,
  p95_ms: p95,
  p99_ms: p95,
  max_ms: p95,
  server_id: "s",
  kind: "tool",
  user_id: null,
  key_id: null,
  is_rest: isRest,
}) as Rank;

const names = (ranks: Rank[]) => ranks.map(({ label }) => label);

test("the slowest come first, without what stands for the rest", () => {
  expect(names(slowest([rank("a", 1, 0, 10), rank("b", 9, 0, 300), rank("c", 2, 0, null), rank("rest", 9, 9, 999, true)]))).toEqual(["b", "a"]);
});

test("more failures come first, then the larger share; what does not fail is not there", () => {
  expect(names(mostFailing([rank("a", 100, 2, 1), rank("b", 2, 2, 1), rank("c", 9, 0, 1), rank("d", 9, 5, 1)]))).toEqual(["d", "b", "a"]);
});
