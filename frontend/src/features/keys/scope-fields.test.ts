import { expect, test } from "vitest";

import { toScope, WHOLE_SCOPE } from "./scope-fields";

test("nothing chosen is everything", () => {
  expect(toScope(WHOLE_SCOPE)).toEqual({ servers: null, tools: null, read_only: false });
});

test("servers, globs and reading only narrow a key", () => {
  expect(toScope({ servers: ["files"], tools: " get_* \n\nsearch, list ", readOnly: true })).toEqual({
    servers: ["files"],
    tools: ["get_*", "search", "list"],
    read_only: true,
  });
});
