import { expect, test } from "vitest";

import { toNames } from "./hidden-names";

test("names stand one a line, each once", () => {
  expect(toNames(" *iban* \n\nssn\r\n*iban*\n")).toEqual(["*iban*", "ssn"]);
  expect(toNames(" \n")).toEqual([]);
});
