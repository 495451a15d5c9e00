/** Which language is spoken: the one that was chosen in this browser, else the browser's own. */

export const LOCALES = ["en", "ko"] as const;
export type Locale = (typeof LOCALES)[number];

const STORED = "orch.locale";
const listeners = new Set<() => void>();

function isLocale(text: string | null | undefined): text is Locale {
  return LOCALES.some((locale) => locale === text);
}

export function currentLocale(): Locale {
  const stored = localStorage.getItem(STORED);
  if (isLocale(stored)) return stored;
  const own = navigator.languages.map((language) => language.slice(0, 2).toLowerCase()).find(isLocale);
  return own ?? "en";
}

export function chooseLocale(locale: Locale): void {
  localStorage.setItem(STORED, locale);
  listeners.forEach((listener) => {
    listener();
  });
}

/** Also told when another tab has chosen. */
export function onLocale(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}
