import { expect, test } from "vitest";

import { expiresAt } from "./key-form";

test("an expiry is a time, never, or what it was", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(expiresAt("7", now)).toBe("2026-01-08T00:00:00.000Z");
  expect(expiresAt("never", now)).toBeNull();
  expect(expiresAt("keep", now)).toBeUndefined();
});
