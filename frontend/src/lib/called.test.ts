import { expect, test } from "vitest";

import { calledOf, writtenStart } from "./called";

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

test("a refused name says its server once: before it, or as the client wrote it", () => {
  const start = (server: string, target: string, outcome = "refused") => writtenStart({ server, target, outcome }, "__");
  expect(start("files", "files__read_file")).toBe("files__");
  expect(start("files", "files.read_file")).toBe("files.");
  expect(start("files", "read_file")).toBe("");
  expect(start("files", "files-old__read")).toBe("");
  expect(start("files", "files__")).toBe("");
  expect(start("", "files__read_file")).toBe("");
  // Of one that was found it is the server's own name.
  expect(start("files", "files__read_file", "ok")).toBe("");
});
