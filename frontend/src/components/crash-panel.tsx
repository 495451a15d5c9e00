"use client";

import { useState } from "react";

import { copyText } from "@/lib/clipboard";
import { currentLocale, type Locale } from "@/lib/i18n/locale";
import en from "@/messages/en/crash.json";
import ko from "@/messages/ko/crash.json";

/** Here and not with the others: those may be what could not be fetched. */
const TEXTS: Record<Locale, typeof en> = { en, ko };

const BUTTON = "inline-flex h-8 items-center rounded-md px-3 text-sm font-medium";

/**
 * In place of a page whose code has failed. Stands on nothing that stands around pages, as that may be what failed, and
 * on none of our components: every page carries this, and what they need would come with it a second time.
 */
export function CrashPanel({ error }: { error: unknown }) {
  const t = TEXTS[currentLocale()];
  const [isCopied, setCopied] = useState(false);
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-14 text-center">
      <h1 className="text-base font-semibold">{t.title}</h1>
      <p className="mt-1 max-w-md text-sm text-balance text-muted-foreground">
        {isMissingPart(error) ? t.outdated : t.description} {t.report}
      </p>
      <div className="mt-4 flex flex-wrap justify-center gap-2">
        <button
          type="button"
          className={`${BUTTON} bg-primary text-primary-foreground hover:bg-primary/88`}
          onClick={() => {
            location.reload();
          }}
        >
          {t.reload}
        </button>
        {history.length > 1 && (
          <button
            type="button"
            className={`${BUTTON} border border-border bg-card hover:bg-accent`}
            onClick={() => {
              history.back();
            }}
          >
            {t.back}
          </button>
        )}
        <button
          type="button"
          className={`${BUTTON} hover:bg-accent`}
          onClick={() => {
            void copyText(detailsOf(error)).then(setCopied);
          }}
        >
          {isCopied ? t.copied : t.copy}
        </button>
      </div>
    </div>
  );
}

/** As after an upgrade of the daemon, whose parts have other names. */
function isMissingPart(error: unknown): boolean {
  return error instanceof Error && error.name === "ChunkLoadError";
}

/** What helps to find the fault, and nothing of what the page showed. */
function detailsOf(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return [what, location.pathname, new Date().toISOString(), navigator.userAgent].join("\n");
}
