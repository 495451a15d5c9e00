import { expect, test } from "vitest";

import { keyState } from "./key-state";

const now = new Date("2026-06-01T00:00:00Z");

test("a key is active until it is revoked or over", () => {
  const check = (revoked_at: string | null, expires_at: string | null) => keyState({ revoked_at, expires_at }, now);
  expect(check(null, null)).toBe("active");
  expect(check(null, "2026-06-02T00:00:00Z")).toBe("active");
  expect(check(null, "2026-06-01T00:00:00Z")).toBe("expired");
  expect(check("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")).toBe("revoked");
  expect(check("2026-06-01T00:00:20Z", null)).toBe("revoked");
});
