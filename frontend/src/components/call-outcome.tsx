"use client";

import { useTranslations } from "use-intl";

import type { Call } from "@/lib/data/activity";

import { Badge, type Tone } from "./ui/badge";

/** How a call can end, as it is shown everywhere. */
const TONES = {
  ok: "success",
  tool_error: "danger",
  rpc_error: "danger",
  unavailable: "danger",
  timeout: "warning",
  refused: "warning",
  limited: "warning",
  cancelled: "neutral",
  abandoned: "neutral",
  stopping: "warning",
} as const satisfies Record<string, Tone>;

type Outcome = keyof typeof TONES;

export const OUTCOMES = Object.keys(TONES) as Outcome[];

export function CallOutcome({ call }: { call: Pick<Call, "outcome"> }) {
  const t = useTranslations("activity");
  const outcome = OUTCOMES.find((known) => known === call.outcome);
  // A daemon that is newer than this page may know another end.
  return outcome === undefined ? <Badge>{call.outcome}</Badge> : <Badge tone={TONES[outcome]}>{t(`outcomes.${outcome}`)}</Badge>;
}
