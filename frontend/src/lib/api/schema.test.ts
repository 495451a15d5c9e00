import { readFileSync } from "node:fs";

import openapiTs, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, test } from "vitest";

test("the schema is current", { timeout: 60_000 }, async () => {
  const nodes = await openapiTs(JSON.parse(readFileSync("../docs/api/openapi.json", "utf8")), { defaultNonNullable: false });
  const written = readFileSync("src/lib/api/schema.gen.ts", "utf8");
  expect(written === COMMENT_HEADER + astToString(nodes), "run npm run generate").toBe(true);
});
