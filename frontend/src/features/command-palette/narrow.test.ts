import { expect, test } from "vitest";

import { narrow } from "./narrow";

test("finds every word, in any order and case", () => {
  const found = (typed: string) => narrow(["files read_file", "search find"], typed, (text) => text);
  expect(found("READ files")).toEqual(["files read_file"]);
  expect(found("")).toHaveLength(2);
  expect(found("files find")).toEqual([]);
});

test("is short, however many there are", () => {
  expect(narrow(Array.from({ length: 1_000 }, (_, at) => `tool ${at}`), "tool", (text) => text)).toHaveLength(50);
});
