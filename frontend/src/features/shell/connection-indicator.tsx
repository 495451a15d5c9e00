"use client";

import { useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { Tooltip } from "@/components/ui/tooltip";
import { connection, onConnection } from "@/lib/api/connection";
import { cn } from "@/lib/cn";

const MARKS = {
  connecting: "bg-neutral-mark",
  live: "bg-success-mark",
  lost: "bg-danger-mark animate-pulse",
} as const;

/** Whether what is on the page follows the daemon. A lost connection is said aloud. */
export function ConnectionIndicator() {
  const t = useTranslations("shell.connection");
  const state = useSyncExternalStore(onConnection, connection, connection);
  return (
    <Tooltip text={t(state)} side="bottom">
      <span
        role="status"
        tabIndex={0}
        className={cn(
          "flex h-6 items-center gap-1.5 rounded-full px-2 text-xs text-muted-foreground",
          state === "lost" && "bg-danger-subtle text-danger",
        )}
      >
        <span aria-hidden className={cn("size-1.5 rounded-full", MARKS[state])} />
        <span className={cn(state !== "lost" && "max-sm:sr-only")}>{t(state)}</span>
      </span>
    </Tooltip>
  );
}
