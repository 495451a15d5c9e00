import { expect, test } from "vitest";

import { scopeValues, toScope, WHOLE_SCOPE } from "./scope-fields";

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

test("a scope comes back into the form, without servers that are gone", () => {
  const known = [{ id: "1", alias: "files" }];
  expect(scopeValues({ servers: ["1", "2"], tools: ["get_*", "list"], read_only: true }, known)).toEqual({
    servers: ["files"],
    tools: "get_*\nlist",
    readOnly: true,
  });
  expect(scopeValues({ servers: null, tools: null, read_only: false }, known)).toEqual(WHOLE_SCOPE);
});
