import { expect, test } from "vitest";

import { personalPatch } from "./personal-values";

test("a name that is in the form no more becomes the project's again", () => {
  const before = [
    { name: "A", required: true, description: "" },
    { name: "B", required: false, description: "yours" },
  ];
  expect(personalPatch([{ name: "B", required: true, description: " yours " }], before)).toEqual({
    A: null,
    B: { required: true, description: "yours" },
  });
  expect(personalPatch([], [])).toEqual({});
});
