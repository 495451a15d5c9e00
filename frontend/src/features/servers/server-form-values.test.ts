import { expect, test } from "vitest";

import type { Server } from "@/lib/data/servers";

import { NEW_SANDBOX } from "./sandbox-values";
import { NEW_SERVER, toCreateRequest, toUpdateRequest, valuesOf } from "./server-form-values";

const status = {
  state: "ready",
  since: "2026-01-01T00:00:00Z",
  reason: null,
  retry_at: null,
  pid: 1,
  revision: null,
  implementation: null,
  calls_in_flight: 0,
} as const;

const server = {
  id: "s",
  project_id: "p",
  alias: "files",
  name: "Files",
  enabled: true,
  timeout: 30,
  transport: { type: "stdio", command: "npx", arg_count: 2, env: ["TOKEN", "OLD"], cwd: null },
  status,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  version: 1,
} as unknown as Server;

test("a new server has what was written and no more", () => {
  const values = {
    ...NEW_SERVER,
    alias: " files ",
    command: "npx",
    args: "-y\n\n@scope/server files\n",
    env: [
      { name: "TOKEN", value: "a b", stored: false },
      { name: " ", value: "x", stored: false },
    ],
  };
  expect(toCreateRequest(values)).toEqual({
    alias: "files",
    transport: { type: "stdio", command: "npx", args: ["-y", "@scope/server files"], env: { TOKEN: "a b" } },
  });
});

test("a new server says of a sandbox what was chosen, and nothing where it is left to the instance", () => {
  const values = { ...NEW_SERVER, alias: "files", command: "npx" };
  expect(toCreateRequest(values, NEW_SANDBOX).sandbox).toBeUndefined();
  const chosen = { ...NEW_SANDBOX, mode: "on", readPaths: "/srv\n", network: "ports", ports: "443, 80" } as const;
  expect(toCreateRequest(values, chosen).sandbox).toEqual({ mode: "on", read_paths: ["/srv"], write_paths: [], network: "ports", ports: [443, 80] });
});

test("secrets that are not touched are not sent", () => {
  expect(toUpdateRequest(valuesOf(server), server).transport).toEqual({
    type: "stdio",
    command: "npx",
    args: undefined,
    cwd: null,
    env: {},
  });
});

test("single secrets are replaced, added and removed", () => {
  const values = valuesOf(server);
  values.env = [
    { name: "TOKEN", value: "new", stored: true },
    { name: "MORE", value: "", stored: false },
  ];
  values.keepArgs = false;
  values.args = "only";
  expect(toUpdateRequest(values, server).transport).toMatchObject({
    args: ["only"],
    env: { TOKEN: "new", MORE: "", OLD: null },
  });
});

test("a change of transport takes nothing along", () => {
  const values = { ...valuesOf(server), type: "streamable-http" as const, url: "https://example.com/mcp" };
  expect(toUpdateRequest(values, server).transport).toEqual({
    type: "streamable-http",
    url: "https://example.com/mcp",
    headers: {},
  });
});
