import { expect, test } from "vitest";

import { paths, safeNext } from "./paths";

const ref = { project: "demo", server: "files", team: "core" };

test("all addresses are as they were", () => {
  const all = Object.entries(paths).map(([name, path]) => `${name} ${(path as (ref: unknown) => string)(
    name === "team" ? "x y" : ref,
  )}`);
  expect(all).toMatchSnapshot();
});

test("what stands in an address is escaped", () => {
  expect(paths.server({ project: "a/b", server: "c?d" })).toBe("/projects/a%2Fb/servers/c%3Fd");
});

test("a login goes on to pages of ours alone", () => {
  expect(safeNext("/projects/demo?tab=x")).toBe("/projects/demo?tab=x");
  for (const foreign of [null, "", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "/\n/evil.example", "/.//evil.example", "javascript:alert(1)"]) {
    expect(safeNext(foreign)).toBe("/");
  }
});
