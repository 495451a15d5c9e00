"use client";

import { useFormatter, useNow } from "use-intl";

import { cn } from "@/lib/cn";

/** "5 minutes ago", true as time goes by; the exact time is its title. */
export function RelativeTime({ at, className }: { at: string; className?: string }) {
  const format = useFormatter();
  const now = useNow({ updateInterval: 10_000 });
  const date = new Date(at);
  // The daemon's clock may be a little ahead of ours.
  const shown = Math.abs(date.getTime() - now.getTime()) < 2_000 ? now : date;
  return (
    <time
      dateTime={at}
      title={format.dateTime(date, { dateStyle: "medium", timeStyle: "medium" })}
      className={cn("whitespace-nowrap tabular", className)}
    >
      {format.relativeTime(shown, now)}
    </time>
  );
}
