import { expect, test } from "vitest";

import type { Role } from "@/lib/access";

import { keyState } from "./key-state";

const now = new Date("2026-06-01T00:00:00Z");

function check(revoked_at: string | null, expires_at: string | null, creator_role: Role | null = "member") {
  return keyState({ revoked_at, expires_at, creator_role }, now);
}

test("a key is active until it is revoked or over", () => {
  expect(check(null, null)).toBe("active");
  expect(check(null, "2026-06-02T00:00:00Z")).toBe("active");
  expect(check(null, "2026-06-01T00:00:00Z")).toBe("expired");
  expect(check("2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z")).toBe("revoked");
  expect(check("2026-06-01T00:00:20Z", null)).toBe("revoked");
});

test("a key is without effect while its maker may call nothing", () => {
  expect(check(null, null, null)).toBe("powerless");
  expect(check(null, null, "viewer")).toBe("powerless");
  expect(check(null, null, "admin")).toBe("active");
  expect(check("2026-05-01T00:00:00Z", null, null)).toBe("revoked");
  expect(check(null, "2026-05-01T00:00:00Z", "viewer")).toBe("expired");
});
