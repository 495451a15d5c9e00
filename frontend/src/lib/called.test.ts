import { expect, test } from "vitest";

import { calledOf } from "./called";

const ALIASES = ["files", "files-old", "db"];

test("a call that reached its server is of that server", () => {
  expect(calledOf({ server: "files", target: "db__read" }, ALIASES, "__")).toEqual({ server: "files", name: "db__read" });
});

test("a refused call names its server as the client did, by either separator", () => {
  expect(calledOf({ server: "", target: "files__read_file" }, ALIASES, "__")).toEqual({ server: "files", name: "read_file" });
  expect(calledOf({ server: "", target: "files.read_file" }, ALIASES, "__")).toEqual({ server: "files", name: "read_file" });
  expect(calledOf({ server: "", target: "files-old-read" }, ALIASES, "-")).toEqual({ server: "files-old", name: "read" });
});

test("a name of no server, or of nothing on one, is of nobody", () => {
  expect(calledOf({ server: "", target: "mail__send" }, ALIASES, "__")).toBeUndefined();
  expect(calledOf({ server: "", target: "files__" }, ALIASES, "__")).toBeUndefined();
});
