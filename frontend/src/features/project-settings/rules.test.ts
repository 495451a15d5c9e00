import { expect, it } from "vitest";

import { emptySubject, isWhole, moved, newRule, requestOf, SUBJECTS, subjectValue, withSubjectValue } from "./rules";

it("moves a rule and stays inside the list", () => {
  expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"]);
  expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"]);
});

it("sends no terms of approval with other effects", () => {
  const rule = { ...newRule(), approval: { caller_may_confirm: true, timeout_seconds: 60 } };
  expect(requestOf(rule).approval).toBeNull();
  expect(requestOf({ ...rule, effect: "require_approval" }).approval).toEqual({ caller_may_confirm: true, timeout_seconds: 60 });
  expect(requestOf(rule)).not.toHaveProperty("key");
});

it("tells a rule about everything for everybody from one that anything narrows", () => {
  const rule = newRule();
  expect(isWhole(rule)).toBe(true);
  expect(isWhole({ ...rule, object: { ...rule.object, annotations: { read_only: null } } })).toBe(true);
  expect(isWhole({ ...rule, subject: emptySubject("role") })).toBe(false);
  for (const part of [{ server: "x" }, { kind: "tool" as const }, { name: "x*" }, { annotations: { destructive: false } }]) {
    expect(isWhole({ ...rule, object: { ...rule.object, ...part } })).toBe(false);
  }
});

it("keeps what a subject names", () => {
  for (const type of SUBJECTS) {
    const value = type === "anybody" ? "" : type === "role" ? "admin" : "x";
    expect(subjectValue(withSubjectValue(emptySubject(type), value))).toBe(value);
  }
});
