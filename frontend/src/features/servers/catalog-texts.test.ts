import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import type { Schemas } from "@/lib/api/client";

import { inLanguage } from "./catalog-texts";

const CATALOG = JSON.parse(readFileSync("../crates/gateway/src/rest/server_catalog.json", "utf8")) as Schemas["CatalogServer"][];

test("every well-known server is described in Korean, and so is what it asks for", async () => {
  const korean = await inLanguage(CATALOG, "ko");
  const texts = korean.flatMap(({ id, description, inputs = [] }) => [[id, description], ...inputs.map(({ name, help }) => [`${id} ${name}`, help])]);
  expect(texts.filter(([, text]) => !/[가-힣]/.test(text ?? ""))).toEqual([]);
  // All else is as the daemon says it.
  expect(korean.map(({ name, transport }) => [name, transport])).toEqual(CATALOG.map(({ name, transport }) => [name, transport]));
});

test("the daemon's own language stays as it is", async () => {
  expect(await inLanguage(CATALOG, "en")).toEqual(CATALOG);
});
