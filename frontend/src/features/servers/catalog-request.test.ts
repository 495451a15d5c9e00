import { expect, test } from "vitest";

import { catalogRequest } from "./catalog-request";
import type { CatalogServer } from "./queries";

const github = {
  id: "github",
  name: "GitHub",
  description: "",
  homepage: "",
  category: "development",
  transport: { type: "stdio", command: "npx", args: ["server", "${ROOT}"], env: { TOKEN: "Bearer ${TOKEN}", HOST: "${HOST}" } },
} satisfies CatalogServer;

test("inputs stand where the catalog names them, and what waits for an empty one is left out", () => {
  expect(catalogRequest(github, "gh", { ROOT: "/srv", TOKEN: "abc", HOST: "" })).toEqual({
    alias: "gh",
    name: "GitHub",
    transport: { type: "stdio", command: "npx", args: ["server", "/srv"], env: { TOKEN: "Bearer abc" } },
  });
});
