import { expect, it } from "vitest";

import { lineDiff } from "./line-diff";

const marks = (before: string, after: string) => lineDiff(before, after).map(({ kind, text }) => `${{ same: " ", added: "+", removed: "-" }[kind]}${text}`);

it("keeps what is the same and marks the rest", () => {
  expect(marks("a\nb\nc", "a\nx\nc\nd")).toEqual([" a", "-b", "+x", " c", "+d"]);
  expect(marks("a", "a")).toEqual([" a"]);
  expect(marks("a\nb", "b")).toEqual(["-a", " b"]);
});
