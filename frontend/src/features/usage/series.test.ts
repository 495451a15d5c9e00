import { expect, it } from "vitest";

import { bars } from "./series";

it("has a bar for every step, also for those without calls", () => {
  const figures = { average_ms: 1, p50_ms: 1, p95_ms: 2, p99_ms: 3, max_ms: 3 };
  const found = bars({
    from: "2026-01-01T00:30:00Z",
    until: "2026-01-01T03:00:00Z",
    step: "hour",
    points: [{ at: "2026-01-01T01:00:00Z", calls: 4, errors: 1, ...figures }],
  });
  expect(found.map(({ calls }) => calls)).toEqual([0, 4, 0]);
  expect(found[1]?.p95).toBe(2);
});
