import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import en from "./en";
import ko from "./ko";

interface Texts {
  [key: string]: string | Texts;
}

/** `a.b.c` for each text. */
function keys(texts: Texts, prefix = ""): string[] {
  return Object.entries(texts).flatMap(([key, value]) => (typeof value === "string" ? [prefix + key] : keys(value, `${prefix}${key}.`)));
}

/** The names in a text's placeholders. */
function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)[,}]/g)].map(([, name = ""]) => name))].sort();
}

function textOf(texts: Texts, key: string): string {
  return key.split(".").reduce<string | Texts>((at, part) => (at as Texts)[part] ?? "", texts) as string;
}

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test.") && !name.startsWith("messages/"))
  .map((name) => readFileSync(join("src", name), "utf8"));

test("every text is there in every language", () => {
  expect(keys(ko).sort()).toEqual(keys(en).sort());
});

test("a text has the same placeholders in every language", () => {
  const simple = (key: string) => !/plural|select/.test(textOf(en, key) + textOf(ko, key));
  for (const key of keys(en).filter(simple)) {
    expect([key, placeholders(textOf(ko, key))]).toEqual([key, placeholders(textOf(en, key))]);
  }
});

test("a number that is counted in one language has the separators of its own in every language", () => {
  for (const key of keys(en)) {
    for (const [, name = ""] of textOf(en, key).matchAll(/\{(\w+), plural/g)) expect([key, textOf(ko, key)]).not.toEqual([key, expect.stringContaining(`{${name}}`)]);
  }
});

test("every text is used", () => {
  const unused = keys(en).filter((key) => !isUsed(key));
  expect(unused).toEqual([]);
});

/**
 * A file that takes texts of `a.b` by useTranslations("a.b") uses `a.b.c.d` by t("c.d"), or by a template whose fixed
 * beginning and end fit: t(`c.${x}`). Keys of the navigation are typed, and stand in lists as `key: "overview"`.
 */
function isUsed(key: string): boolean {
  const parts = key.split(".");
  return sources.some((source) =>
    parts.some((_, at) => {
      if (at === 0) return false;
      const scope = parts.slice(0, at).join(".");
      const rest = parts.slice(at).join(".");
      if (!source.includes(`useTranslations("${scope}")`) && !source.includes(`NavKey`)) return false;
      if (source.includes(`"${rest}"`)) return true;
      const templates = [...source.matchAll(/`([^`$\s]*)\$\{[^`}]+\}([^`$\s]*)`/g)];
      const isTemplated = templates.some(([, start = "", end = ""]) => start !== "" && rest.startsWith(start) && rest.endsWith(end));
      // t(variable) takes any text right below its scope.
      const isVariable = !rest.includes(".") && source.includes(`useTranslations("${scope}")`) && /\bt\([a-z][\w.]*\)/.test(source);
      return isTemplated || isVariable;
    }),
  );
}
