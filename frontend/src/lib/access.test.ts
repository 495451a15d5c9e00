import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { type Action, may, neededRole, type Role } from "./access";

const ROLES: Role[] = ["viewer", "member", "admin"];

test("decides as the daemon's table of permissions says", () => {
  const policy = readFileSync("../crates/domain/src/policy/tests.rs", "utf8");
  // The rows of its own test: (Action::Call, [false, true, true]),
  const rows = [...policy.matchAll(/\(Action::(\w+), \[(true|false), (true|false), (true|false)\]\)/g)];
  expect(rows.length).toBeGreaterThanOrEqual(6);
  const ours = rows.map(([, action = "", ...allowed]) => {
    const name = (action.charAt(0).toLowerCase() + action.slice(1)) as Action;
    return [name, ROLES.map((role) => may(role, name)), allowed.map((text) => text === "true")] as const;
  });
  for (const [name, mirrored, decided] of ours) expect([name, mirrored]).toEqual([name, decided]);
});

test("names the role that is missing", () => {
  expect(neededRole("viewer", "call")).toBe("member");
  expect(neededRole("admin", "manageServers")).toBeUndefined();
});
