"use client";

import { useFormatter } from "use-intl";

/** Says how long something took, in the unit that people would use. */
export function useDuration(): (ms: number) => string {
  const format = useFormatter();
  const say = (value: number, unit: string, fractions: number) => format.number(value, { style: "unit", unit, maximumFractionDigits: fractions });
  return (ms) => {
    if (ms < 1_000) return say(ms, "millisecond", ms < 10 ? 1 : 0);
    if (ms < 120_000) return say(ms / 1_000, "second", 1);
    return say(ms / 60_000, "minute", 1);
  };
}
