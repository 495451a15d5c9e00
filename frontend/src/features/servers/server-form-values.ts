/** What the form of a server holds, and how it becomes a request. Secrets that are stored are never in it. */
import type { Schemas } from "@/lib/api/client";
import type { Server } from "@/lib/data/servers";

import { type SandboxValues, toSandbox } from "./sandbox-values";

export type TransportType = Schemas["TransportType"];

export interface SecretRow {
  name: string;
  value: string;
  /** The daemon has a value; an empty field leaves it alone. */
  stored: boolean;
}

export interface ServerFormValues {
  alias: string;
  name: string;
  type: TransportType;
  command: string;
  /** One argument a line. */
  args: string;
  /** Stored arguments stay, whatever `args` says. */
  keepArgs: boolean;
  cwd: string;
  env: SecretRow[];
  url: string;
  headers: SecretRow[];
  timeout: string;
}

export const NEW_SERVER: ServerFormValues = {
  alias: "",
  name: "",
  type: "stdio",
  command: "",
  args: "",
  keepArgs: false,
  cwd: "",
  env: [],
  url: "",
  headers: [],
  timeout: "",
};

const stored = (names: string[]): SecretRow[] => names.map((name) => ({ name, value: "", stored: true }));

export function valuesOf(server: Server): ServerFormValues {
  const { alias, name, timeout, transport } = server;
  const base = { ...NEW_SERVER, alias, name, timeout: String(timeout), type: transport.type };
  return transport.type === "stdio"
    ? {
        ...base,
        command: transport.command,
        keepArgs: transport.arg_count > 0,
        cwd: transport.cwd ?? "",
        env: stored(transport.env),
      }
    : { ...base, url: transport.url, headers: stored(transport.headers) };
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line.trim() !== "");
}

function record(rows: SecretRow[]): Record<string, string> {
  return Object.fromEntries(rows.filter(({ name }) => name.trim() !== "").map(({ name, value }) => [name.trim(), value]));
}

const orUndefined = (text: string) => (text.trim() === "" ? undefined : text.trim());

export function toCreateRequest(values: ServerFormValues, sandbox?: SandboxValues): Schemas["CreateServerRequest"] {
  const { type } = values;
  return {
    alias: values.alias.trim(),
    name: orUndefined(values.name),
    timeout: orUndefined(values.timeout) === undefined ? undefined : Number(values.timeout),
    transport:
      type === "stdio"
        ? {
            type,
            command: values.command.trim(),
            args: lines(values.args),
            env: record(values.env),
            cwd: orUndefined(values.cwd),
          }
        : { type, url: values.url.trim(), headers: record(values.headers) },
    sandbox: sandbox === undefined ? undefined : toSandbox(sandbox),
  };
}

/** Names that were stored and are in the form no more are removed; stored ones with an empty field stay. */
function changes(rows: SecretRow[], before: string[]): Record<string, string | null> {
  const names = new Set(rows.map(({ name }) => name.trim()));
  const removed = before.filter((name) => !names.has(name)).map((name) => [name, null] as const);
  const set = rows
    .filter(({ name, value, stored: isStored }) => name.trim() !== "" && !(isStored && value === ""))
    .map(({ name, value }) => [name.trim(), value] as const);
  return Object.fromEntries([...removed, ...set]);
}

export function toUpdateRequest(values: ServerFormValues, server: Server): Schemas["UpdateServerRequest"] {
  const { transport } = server;
  const { type } = values;
  const before = transport.type === "stdio" ? transport.env : transport.headers;
  const isSameKind = (transport.type === "stdio") === (type === "stdio");
  const base = {
    alias: values.alias.trim(),
    name: values.name.trim(),
    timeout: Number(values.timeout),
  };
  if (type === "stdio") {
    return {
      ...base,
      transport: {
        type,
        command: values.command.trim(),
        args: values.keepArgs && isSameKind ? undefined : lines(values.args),
        cwd: orUndefined(values.cwd) ?? null,
        env: changes(values.env, isSameKind ? before : []),
      },
    };
  }
  return {
    ...base,
    transport: { type, url: values.url.trim(), headers: changes(values.headers, isSameKind ? before : []) },
  };
}
