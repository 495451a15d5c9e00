"use client";

import type { Call } from "@/lib/data/activity";
import { useProject } from "@/lib/data/projects";
import { writtenStart } from "@/lib/called";
import { cn } from "@/lib/cn";

/** What was called, on one line: the server, and the name. */
export function CalledName({ call, className }: { call: Pick<Call, "server" | "target" | "outcome">; className?: string }) {
  const { separator } = useProject();
  const written = writtenStart(call, separator);
  const server = written !== "" ? written : call.server === "" ? "" : `${call.server} · `;
  const name = call.target.slice(written.length);
  return (
    <span className={cn("block truncate font-mono text-xs", className)} title={server + name}>
      {server !== "" && <span className="text-muted-foreground">{server}</span>}
      {name}
    </span>
  );
}
