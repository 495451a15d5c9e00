/** Values that each member has an own one of: what the form holds, and how it becomes a request. */
import type { Schemas } from "@/lib/api/client";
import type { Server } from "@/lib/data/servers";

export interface PersonalRow {
  name: string;
  /** Without an own value a call fails. */
  required: boolean;
  description: string;
}

export function personalOf(server: Server): PersonalRow[] {
  const { transport, run } = server;
  const values = transport.type === "stdio" ? run.personal_env : run.personal_headers;
  return Object.entries(values).map(([name, { required = true, description = "" }]) => ({ name, required, description }));
}

/** What was there and is in the form no more is the project's again. */
export function personalPatch(
  rows: PersonalRow[],
  before: PersonalRow[],
): NonNullable<Schemas["UpdateRunRequest"]["personal_env"]> {
  const kept = new Set(rows.map(({ name }) => name));
  const gone = before.filter(({ name }) => !kept.has(name)).map(({ name }) => [name, null] as const);
  const set = rows.map(({ name, required, description }) => [name, { required, description: description.trim() }] as const);
  // The generator knows no null in a map; the daemon takes it, and says so.
  return Object.fromEntries([...gone, ...set]) as NonNullable<Schemas["UpdateRunRequest"]["personal_env"]>;
}
