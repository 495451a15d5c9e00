import { expect, it } from "vitest";

import { curlOf } from "./curl";

it("is safe to paste into a shell", () => {
  const command = curlOf({ project: "demo", server: "files" }, { kind: "tool", name: "it's", arguments: {} }, "http://localhost:8000");
  expect(command).toContain(`-d '{"kind":"tool","name":"it'\\''s","arguments":{},"questions":false}'`);
  expect(command).toContain("'http://localhost:8000/api/v1/projects/demo/servers/files/calls'");
});
