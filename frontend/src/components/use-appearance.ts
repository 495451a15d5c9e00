"use client";

import { useQuery } from "@tanstack/react-query";
import { useTheme } from "next-themes";
import { useEffect, useEffectEvent, useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { profileQuery, useIsStoringAppearance, useStoreAppearance } from "@/lib/data/profile";
import { chooseLocale, chosenLocale, type LocaleChoice, onLocale } from "@/lib/i18n/locale";
import { toast } from "@/lib/toasts";

import { useErrorText } from "./error-text";

export const THEMES = ["system", "light", "dark"] as const;
export type ThemeChoice = (typeof THEMES)[number];

/** Each in its own words, to be found by who understands no other. */
export const LANGUAGES = { en: "English", ko: "한국어" } as const;

/** Theme and language: shown at once, kept in this browser for its next page, and stored in the account for all others. */
export function useAppearance() {
  const t = useTranslations("shell");
  const errorText = useErrorText();
  const { theme, resolvedTheme, setTheme } = useTheme();
  const language = useSyncExternalStore(onLocale, chosenLocale);
  const { mutate } = useStoreAppearance({
    onError: (cause) => {
      toast.error(t("appearanceNotStored"), { detail: errorText(cause) });
    },
  });
  return {
    theme: theme ?? "system",
    isDark: resolvedTheme === "dark",
    language,
    chooseTheme: (choice: ThemeChoice) => {
      setTheme(choice);
      mutate({ theme: choice === "system" ? null : choice });
    },
    chooseLanguage: (choice: LocaleChoice) => {
      chooseLocale(choice);
      mutate({ language: choice === "system" ? null : choice });
    },
  };
}

/** Shows what the account has chosen, here or in another browser. */
export function useAppearanceOfAccount({ enabled }: { enabled: boolean }): void {
  const { setTheme } = useTheme();
  const profile = useQuery({ ...profileQuery(), enabled }).data;
  const isStoring = useIsStoringAppearance();
  const isKnown = profile !== undefined && !isStoring;
  const theme = profile?.theme ?? "system";
  const language = profile?.language ?? "system";
  // Both live outside of React: in the document, and in what this browser keeps.
  const show = useEffectEvent((shown: ThemeChoice, spoken: LocaleChoice) => {
    setTheme(shown);
    chooseLocale(spoken);
  });
  useEffect(() => {
    if (isKnown) show(theme, language);
  }, [isKnown, theme, language]);
}
