import { expect, test } from "vitest";

import { groupOf, isFailing, severity } from "./server-states";

test("what needs a person comes first", () => {
  expect(severity("crash_looping")).toBeLessThan(severity("backing_off"));
  expect(severity("backing_off")).toBeLessThan(severity("ready"));
  expect(severity("ready")).toBeLessThan(severity("disabled"));
});

test("every state is in one group", () => {
  expect(groupOf("degraded")).toBe("failing");
  expect(groupOf("stopped_by_admin")).toBe("idle");
  expect(isFailing("incompatible")).toBe(true);
  expect(isFailing("stopped")).toBe(false);
});
