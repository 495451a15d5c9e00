"use client";

import "./globals.css";

import { ClientOnly } from "@/components/client-only";
import { CrashPanel } from "@/components/crash-panel";
import { currentLocale } from "@/lib/i18n/locale";

/** In place of everything, where what stands around pages has failed: the frame, the language, the login. */
export default function GlobalError({ error }: { error: unknown }) {
  // The build makes a file of it that nobody sees. The classes of what was there before have the theme and the fonts.
  const before = typeof document === "undefined" ? undefined : document.documentElement.className;
  return (
    <html lang={before === undefined ? "en" : currentLocale()} className={before}>
      <body>
        <title>MCP Orchestrator</title>
        <main className="flex min-h-dvh items-center justify-center">
          <ClientOnly>
            <CrashPanel error={error} />
          </ClientOnly>
        </main>
      </body>
    </html>
  );
}
