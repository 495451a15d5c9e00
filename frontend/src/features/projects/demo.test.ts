import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { DEMO, demoSlug } from "./demo";

test("is the demo of the quickstart", () => {
  const script = readFileSync("../scripts/quickstart.sh", "utf8");
  const constant = (name: string) => new RegExp(`^readonly ${name}=(.*)$`, "m").exec(script)?.[1] ?? "";
  expect(DEMO.config.mcpServers.everything.args).toContain(`${constant("SERVER_PACKAGE")}@${constant("SERVER_VERSION")}`);
  expect(demoSlug(1)).toBe(constant("PROJECT"));
  expect(demoSlug(2)).toBe("demo-2");
});
