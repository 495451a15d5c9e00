"use client";

import { useId, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { cn } from "@/lib/cn";

export interface TimeBar {
  at: Date;
  calls: number;
  errors: number;
}

interface TimeBarsProps {
  label: string;
  bars: readonly TimeBar[];
  /** How the time of a bar is written. */
  step: "minute" | "hour" | "day";
  className?: string;
}

const WIDTH = 600;
const HEIGHT = 120;

/** Calls over time as bars, the failed ones at the foot of each. The numbers are in a table for screen readers. */
export function TimeBars({ label, bars, step, className }: TimeBarsProps) {
  const t = useTranslations("usageChart");
  const format = useFormatter();
  const titleId = useId();
  const [pointed, setPointed] = useState<number>();
  const most = Math.max(1, ...bars.map(({ calls }) => calls));
  const width = WIDTH / Math.max(1, bars.length);
  const gap = Math.min(2, width * 0.2);
  const height = (count: number) => (count === 0 ? 0 : Math.max(2, (count / most) * HEIGHT));
  const timeOf = (at: Date) =>
    format.dateTime(at, {
      month: "short",
      day: "numeric",
      ...(step === "day" ? {} : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }),
    });
  const middle = bars[Math.floor(bars.length / 2)];
  const shown = pointed === undefined ? undefined : bars[pointed];
  return (
    <figure className={cn("min-w-0", className)}>
      <div className="flex h-5 items-center justify-between gap-3 text-xs text-muted-foreground tabular">
        <span>{shown === undefined ? t("peak", { count: most }) : timeOf(shown.at)}</span>
        {shown !== undefined && (
          <span>
            {t("calls", { count: shown.calls })}
            {shown.errors > 0 && <span className="text-danger"> · {t("errors", { count: shown.errors })}</span>}
          </span>
        )}
      </div>
      <svg
        viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`}
        preserveAspectRatio="none"
        className="block h-28 w-full border-b border-border"
        role="img"
        aria-labelledby={titleId}
        onPointerLeave={() => {
          setPointed(undefined);
        }}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setPointed(Math.min(bars.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * bars.length))));
        }}
      >
        <title id={titleId}>{label}</title>
        {bars.map(({ at, calls, errors }, index) => {
          const all = height(calls);
          const failed = Math.min(all, height(errors));
          const place = { x: index * width + gap / 2, width: Math.max(1, width - gap) };
          return (
            <g key={at.getTime()} className={cn(pointed !== undefined && pointed !== index && "opacity-50")}>
              <rect {...place} y={HEIGHT - all} height={all - failed} className="fill-info-mark" />
              <rect {...place} y={HEIGHT - failed} height={failed} className="fill-danger-mark" />
            </g>
          );
        })}
      </svg>
      <div aria-hidden className="mt-1 flex justify-between text-2xs text-muted-foreground tabular">
        <span>{bars[0] !== undefined && timeOf(bars[0].at)}</span>
        {bars.length > 2 && middle !== undefined && <span>{timeOf(middle.at)}</span>}
        <span>{t("now")}</span>
      </div>
      <table className="sr-only">
        <caption>{label}</caption>
        <tbody>
          {bars
            .filter(({ calls }) => calls > 0)
            .map(({ at, calls, errors }) => (
              <tr key={at.getTime()}>
                <th scope="row">{format.dateTime(at, { dateStyle: "short", timeStyle: "short" })}</th>
                <td>{t("calls", { count: calls })}</td>
                <td>{t("errors", { count: errors })}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </figure>
  );
}
