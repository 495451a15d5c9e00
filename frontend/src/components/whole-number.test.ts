import { expect, test } from "vitest";

import * as z from "@/lib/schema";

import { optionalWhole, toNumber, toText } from "./whole-number";

test("takes whole numbers in range, and nothing at all", () => {
  const schema = optionalWhole(z, 16, 4096, "16 to 4096");
  for (const good of ["", "  ", "16", "4096", " 512 "]) expect(schema.safeParse(good).success).toBe(true);
  for (const bad of ["15", "4097", "1.5", "many", "-16", "0x"]) expect(schema.safeParse(bad).success).toBe(false);
});

test("an empty field is no number", () => {
  expect([toNumber(" "), toNumber("12"), toText(null), toText(12)]).toEqual([null, 12, "", "12"]);
});
