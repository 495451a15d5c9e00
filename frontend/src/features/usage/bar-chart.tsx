"use client";

import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { useDuration } from "@/components/use-duration";

import type { Usage } from "./queries";
import type { Bar } from "./series";

const WIDTH = 800;
const HEIGHT = 180;
const FOOT = 20;

interface BarChartProps {
  bars: Bar[];
  step: Usage["step"];
  what: "calls" | "p95";
  label: string;
}

/** Calls with their errors, or latencies, over time. The table below it has the same in words for who sees no chart. */
export function BarChart({ bars, step, what, label }: BarChartProps) {
  const t = useTranslations("usage");
  const format = useFormatter();
  const duration = useDuration();
  const [pointed, setPointed] = useState<number>();
  const value = (bar: Bar) => (what === "calls" ? bar.calls : (bar.p95 ?? 0));
  const most = Math.max(1, ...bars.map(value));
  const wide = WIDTH / Math.max(1, bars.length);
  const plot = HEIGHT - FOOT;
  const time = (at: number) =>
    format.dateTime(new Date(at), step === "day" ? { month: "short", day: "numeric" } : { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const shown = pointed === undefined ? undefined : bars[pointed];
  return (
    <figure className="grid gap-1">
      <div className="flex h-5 items-baseline justify-between gap-4 text-xs text-muted-foreground tabular">
        <span>{what === "calls" ? t("most", { count: most }) : duration(most)}</span>
        {shown !== undefined && (
          <span className="text-foreground">
            {time(shown.at)} · {what === "calls" ? t("callsAndErrors", { calls: shown.calls, errors: shown.errors }) : duration(shown.p95 ?? 0)}
          </span>
        )}
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
        className="h-44 w-full"
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setPointed(Math.min(bars.length - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * bars.length))));
        }}
        onPointerLeave={() => {
          setPointed(undefined);
        }}
      >
        {[0.25, 0.5, 0.75, 1].map((share) => (
          <line key={share} x1={0} x2={WIDTH} y1={plot - plot * share + 0.5} y2={plot - plot * share + 0.5} className="stroke-border" strokeWidth={1} vectorEffect="non-scaling-stroke" />
        ))}
        {bars.map((bar, index) => {
          const height = (value(bar) / most) * (plot - 2);
          const bad = what === "calls" && bar.calls > 0 ? height * (bar.errors / bar.calls) : 0;
          const x = index * wide + wide * 0.12;
          const width = Math.max(0.5, wide * 0.76);
          return (
            <g key={bar.at} opacity={pointed === undefined || pointed === index ? 1 : 0.55}>
              <rect x={x} y={plot - height} width={width} height={height - bad} className="fill-info-mark" />
              <rect x={x} y={plot - bad} width={width} height={bad} className="fill-danger-mark" />
            </g>
          );
        })}
        <line x1={0} x2={WIDTH} y1={plot} y2={plot} className="stroke-input" strokeWidth={1} vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="-mt-4 flex justify-between text-xs text-muted-foreground">
        <span>{bars[0] === undefined ? "" : time(bars[0].at)}</span>
        <span>{t("now")}</span>
      </figcaption>
    </figure>
  );
}
