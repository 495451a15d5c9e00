"use client";

import { useTranslations } from "use-intl";

import { toApiError } from "@/lib/api/errors";

/** Codes whose text is ours; the others' `detail` says more than we could. */
const TRANSLATED = [
  "offline",
  "unreadable",
  "unauthenticated",
  "invalid_credentials",
  "forbidden",
  "not_found",
  "stale",
  "too_many_requests",
  "internal",
  "unavailable",
] as const;

/** Says in words of the chosen language what went wrong. */
export function useErrorText(): (cause: unknown) => string {
  const t = useTranslations("errors");
  return (cause) => {
    const error = toApiError(cause);
    const code = TRANSLATED.find((known) => known === error.code);
    const text = code === undefined ? sentence(error.message) : t(`code.${code}`);
    return error.retryAfter === undefined ? text : `${text} ${t("retryAfter", { seconds: error.retryAfter })}`;
  };
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
