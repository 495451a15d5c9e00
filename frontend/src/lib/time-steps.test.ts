import { expect, test } from "vitest";

import { everyStep } from "./time-steps";

test("steps without calls are there as well", () => {
  const filled = everyStep({
    from: "2026-01-01T00:00:00Z",
    until: "2026-01-01T04:00:00Z",
    step: "hour",
    points: [{ at: "2026-01-01T02:00:00Z", calls: 3, errors: 1 }],
  });
  expect(filled.map(({ calls }) => calls)).toEqual([0, 0, 3, 0]);
  expect(filled[2]).toEqual({ at: new Date("2026-01-01T02:00:00Z"), calls: 3, errors: 1 });
});
