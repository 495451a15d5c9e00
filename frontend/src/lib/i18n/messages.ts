/** The texts of a language, fetched when it is spoken. */
import type { Locale } from "./locale";
import type en from "@/messages/en";

export type Messages = typeof en;

const LOADERS: Record<Locale, () => Promise<Messages>> = {
  en: () => import("@/messages/en").then((module) => module.default),
  ko: () => import("@/messages/ko").then((module) => module.default),
};

const loaded = new Map<Locale, Promise<Messages>>();

export function messagesOf(locale: Locale): Promise<Messages> {
  const known = loaded.get(locale);
  if (known !== undefined) return known;
  const promise = LOADERS[locale]();
  loaded.set(locale, promise);
  return promise;
}

declare module "use-intl" {
  interface AppConfig {
    Locale: Locale;
    Messages: Messages;
  }
}
