import { expect, test } from "vitest";

import { toPaths, toPorts } from "./sandbox-values";

test("paths are one a line, from the root or the home directory", () => {
  expect(toPaths("/srv/data\n\n  ~/out \n~")).toEqual(["/srv/data", "~/out", "~"]);
  expect(toPaths("")).toEqual([]);
  for (const wrong of ["srv/data", "/srv/../etc", "~other/data", "C:\\data"]) expect(toPaths(wrong)).toBeUndefined();
});

test("ports stand between commas or blanks", () => {
  expect(toPorts("443, 80 443\n8080")).toEqual([443, 80, 8080]);
  for (const wrong of ["", " , ", "0", "65536", "https", "-1"]) expect(toPorts(wrong)).toBeUndefined();
});
