"use client";

import { type ReactNode, use, useEffect, useSyncExternalStore } from "react";
import { IntlProvider } from "use-intl";

import { currentLocale, onLocale } from "./locale";
import { messagesOf } from "./messages";

/** Gives texts, numbers and times in the chosen language. Suspends until the texts are there. */
export function LocaleProvider({ children }: { children: ReactNode }) {
  const locale = useSyncExternalStore(onLocale, currentLocale, () => "en" as const);
  const messages = use(messagesOf(locale));
  useEffect(() => {
    document.documentElement.lang = locale;
  }, [locale]);
  return (
    <IntlProvider locale={locale} messages={messages} timeZone={Intl.DateTimeFormat().resolvedOptions().timeZone}>
      {children}
    </IntlProvider>
  );
}
