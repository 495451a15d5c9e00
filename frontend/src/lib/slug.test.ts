import { expect, test } from "vitest";

import { SLUG, slugOf, someSlug } from "./slug";

test("a slug is made of what a name has for addresses", () => {
  const slugs = ["Payments", "My Team's  Tools!", "42 things", "Café Zürich", "ＡＰＩ gateway"].map((name) => slugOf(name));
  expect(slugs).toEqual(["payments", "my-team-s-tools", "things", "cafe-zurich", "api-gateway"]);
});

test("Korean names are written in Latin letters", () => {
  const names = ["결제 API", "결제 플랫폼", "개발1팀", "운영", "까치 왜 찮", "한글".normalize("NFD")];
  expect(names.map((name) => slugOf(name))).toEqual(["gyeolje-api", "gyeolje-peulraetpom", "gaebal1tim", "unyeong", "kkachi-wae-chan", "hangeul"]);
});

test("a name without such letters has none, and another takes its place", () => {
  expect(["支払い", "42", "—", ""].map((name) => slugOf(name))).toEqual([undefined, undefined, undefined, undefined]);
  expect(someSlug("project")).toMatch(/^project-[a-z0-9]{4}$/);
});

test("a long name gives what the daemon takes", () => {
  expect(slugOf("a".repeat(39) + " bc")).toBe("a".repeat(39));
  expect(slugOf("데이터 분석팀의 아주 긴 이름을 가진 프로젝트 하나")).toMatch(SLUG);
  expect(slugOf("x".repeat(60), 24)).toHaveLength(24);
});
