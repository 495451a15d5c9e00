import { expect, test } from "vitest";

import { isFound, withoutSecret } from "./find-key";

const KEY = { name: "Nightly agent", prefix: "orch_2hSo3zBbSDBs" };

test("a key is found by a part of its name or of its public part", () => {
  for (const sought of ["", "  ", "nightly", "2hSo3", "orch_2hSo3zBbSDBs"]) expect(isFound(KEY, sought)).toBe(true);
  expect(isFound(KEY, "daily")).toBe(false);
});

test("of a whole key, only the public part is looked for", () => {
  const sought = withoutSecret("orch_2hSo3zBbSDBs_5Yk0secret-secret_chk123");
  expect(sought).toBe(KEY.prefix);
  expect(isFound(KEY, sought)).toBe(true);
  expect(isFound({ ...KEY, prefix: "orch_xgN8iAaDBcqE" }, sought)).toBe(false);
  expect(withoutSecret("orch_2hSo3")).toBe("orch_2hSo3");
});
