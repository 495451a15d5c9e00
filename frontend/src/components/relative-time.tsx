"use client";

import { useFormatter, useNow } from "use-intl";

import { cn } from "@/lib/cn";

interface RelativeTimeProps {
  at: string;
  /** Something that is still to come, such as an expiry. */
  future?: boolean;
  /** Says the time of the day as well, where many things happen within a minute. */
  clock?: boolean;
  className?: string;
}

/** "5 minutes ago", true as time goes by; the exact time, with its zone, is its title. */
export function RelativeTime({ at, future = false, clock = false, className }: RelativeTimeProps) {
  const format = useFormatter();
  const now = useNow({ updateInterval: 10_000 });
  const date = new Date(at);
  // What has happened is never ahead: `now` is some seconds old, and the daemon's clock is another one.
  const shown = !future && date > now ? now : date;
  return (
    <time
      dateTime={at}
      title={format.dateTime(date, { dateStyle: "medium", timeStyle: "long" })}
      className={cn("whitespace-nowrap tabular", className)}
    >
      {format.relativeTime(shown, now)}
      {clock && <span className="ml-1.5 text-xs">{format.dateTime(date, { timeStyle: "medium" })}</span>}
    </time>
  );
}
