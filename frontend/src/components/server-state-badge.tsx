"use client";

import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";
import type { ServerState } from "@/lib/data/server-states";

const MARKS: Record<ServerState, string> = {
  ready: "bg-success-mark",
  starting: "bg-info-mark animate-pulse",
  degraded: "bg-warning-mark",
  backing_off: "bg-danger-mark",
  crash_looping: "bg-danger-mark",
  incompatible: "bg-danger-mark",
  stopped_by_admin: "bg-neutral-mark",
  stopped: "bg-neutral-mark",
  disabled: "border-[1.5px] border-neutral-mark",
};

export function ServerStateDot({ state, className }: { state: ServerState; className?: string }) {
  return <span aria-hidden className={cn("inline-block size-2 shrink-0 rounded-full", MARKS[state], className)} />;
}

export function ServerStateBadge({ state, className }: { state: ServerState; className?: string }) {
  const t = useTranslations("serverState");
  return (
    <span className={cn("inline-flex items-center gap-1.5 text-sm whitespace-nowrap", className)}>
      <ServerStateDot state={state} />
      {t(state)}
    </span>
  );
}
