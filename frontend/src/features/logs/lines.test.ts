import { expect, test } from "vitest";

import type { LogLine } from "@/lib/api/log-stream";

import { merged } from "./lines";

const line = (seq: number, text: string, source: LogLine["source"] = "stderr"): LogLine => ({
  seq,
  text,
  source,
  at: "2026-01-01T00:00:00Z",
  pid: null,
});

test("a line that was read and came as well is there once", () => {
  const lines = merged([line(1, "one"), line(2, "two")], [line(2, "two"), line(3, "three")], { search: "", source: "" });
  expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3]);
});

test("what comes is filtered like what was read", () => {
  const fresh = [line(4, "An ERROR"), line(5, "fine"), line(6, "error", "daemon")];
  expect(merged([], fresh, { search: "error", source: "" }).map(({ seq }) => seq)).toEqual([4, 6]);
  expect(merged([], fresh, { search: "error", source: "stderr" }).map(({ seq }) => seq)).toEqual([4]);
});
