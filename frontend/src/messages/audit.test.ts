import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import en from "./en";
import ko from "./ko";

interface Property {
  enum: (string | null)[];
}

/** What the daemon may write on record, as the document of its interface says. */
function words(schema: string, property: string): string[] {
  const document = JSON.parse(readFileSync("../docs/api/openapi.json", "utf8")) as { components: { schemas: Record<string, { properties: Record<string, Property> }> } };
  return (document.components.schemas[schema]?.properties[property]?.enum ?? []).filter((word) => word !== null);
}

const actions = words("AuditView", "action");
const nouns = [...new Set(actions.map((action) => action.slice(0, action.indexOf("."))))];

/** `a.b` for each text below. */
function keys(texts: Record<string, Record<string, string>>): string[] {
  return Object.entries(texts).flatMap(([noun, verbs]) => Object.keys(verbs).map((verb) => `${noun}.${verb}`));
}

test.each([
  ["en", en],
  ["ko", ko],
] as const)("every action, noun and fact of the audit trail has its text, and no other has one: %s", (_, texts) => {
  expect(actions.length).toBeGreaterThan(60);
  expect(keys(texts.audit.action).sort()).toEqual([...actions].sort());
  expect(Object.keys(texts.audit.noun).sort()).toEqual(nouns.sort());
  expect(Object.keys(texts.audit.fact).sort()).toEqual(words("AuditFactView", "name").sort());
});

test("no two actions say the same", () => {
  for (const texts of [en, ko]) {
    const sentences = Object.values(texts.audit.action).flatMap((verbs) => Object.values(verbs));
    expect(new Set(sentences).size).toBe(sentences.length);
  }
});

test("every reason for which a call was not made has its text, and no other has one", () => {
  expect(Object.keys(en.activity.why.reasons).sort()).toEqual(words("CallView", "reason").sort());
});
