import { expect, test } from "vitest";

import { givesSlug } from "./slug";

test("a name gives a slug when it has a letter that addresses have", () => {
  expect(["Payments", "결제 API", "42 things"].map(givesSlug)).toEqual([true, true, true]);
  expect(["결제 플랫폼", "42", "—"].map(givesSlug)).toEqual([false, false, false]);
});
