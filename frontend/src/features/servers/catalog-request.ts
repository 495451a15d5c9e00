/** From an entry of the catalog and what was filled in to a request. */
import type { Schemas } from "@/lib/api/client";

import type { CatalogServer } from "./queries";

/** Puts inputs in the place of `${NAME}`. */
function fill(text: string, inputs: Record<string, string>): string {
  return text.replace(/\$\{(\w+)\}/g, (whole, name: string) => inputs[name] ?? whole);
}

/** Leaves out what waits for an input that was left empty. */
function fillRecord(record: Record<string, string>, inputs: Record<string, string>): Record<string, string> {
  const entries = Object.entries(record).filter(([, value]) => [...value.matchAll(/\$\{(\w+)\}/g)].every(([, name = ""]) => (inputs[name] ?? "") !== ""));
  return Object.fromEntries(entries.map(([name, value]) => [name, fill(value, inputs)]));
}

export function catalogRequest(
  { name, transport }: CatalogServer,
  alias: string,
  inputs: Record<string, string>,
): Schemas["CreateServerRequest"] {
  return {
    alias,
    name,
    transport:
      transport.type === "stdio"
        ? {
            type: "stdio",
            command: fill(transport.command, inputs),
            args: transport.args.map((arg) => fill(arg, inputs)).filter((arg) => arg !== ""),
            env: fillRecord(transport.env ?? {}, inputs),
          }
        : { type: "streamable-http", url: fill(transport.url, inputs), headers: fillRecord(transport.headers ?? {}, inputs) },
  };
}
