import { expect, test } from "vitest";

import { forEachAtOnce } from "./at-once";

test("works on each item once, and on no more than that at a time", async () => {
  const seen: number[] = [];
  let running = 0;
  let most = 0;
  await forEachAtOnce([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((done) => setTimeout(done, item % 3));
    seen.push(item);
    running -= 1;
  });
  expect(seen.sort()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

test("says what failed", async () => {
  await expect(forEachAtOnce([1], 2, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
});
