/** Which language is spoken: the one that was chosen in this browser, else the browser's own. */

export const LOCALES = ["en", "ko"] as const;
export type Locale = (typeof LOCALES)[number];
/** `system` is what the browser says. */
export type LocaleChoice = Locale | "system";

const STORED = "orch.locale";
const listeners = new Set<() => void>();

function isLocale(text: string | null | undefined): text is Locale {
  return LOCALES.some((locale) => locale === text);
}

export function chosenLocale(): LocaleChoice {
  const stored = localStorage.getItem(STORED);
  return isLocale(stored) ? stored : "system";
}

export function currentLocale(): Locale {
  const chosen = chosenLocale();
  if (chosen !== "system") return chosen;
  const own = navigator.languages.map((language) => language.slice(0, 2).toLowerCase()).find(isLocale);
  return own ?? "en";
}

export function chooseLocale(choice: LocaleChoice): void {
  if (choice === "system") localStorage.removeItem(STORED);
  else localStorage.setItem(STORED, choice);
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
