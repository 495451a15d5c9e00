"use client";

import { QueryClientProvider } from "@tanstack/react-query";
import { ThemeProvider } from "next-themes";
import { type ReactNode, Suspense, useState } from "react";

import { ClientOnly } from "@/components/client-only";
import { Toaster } from "@/components/toaster";
import { LocaleProvider } from "@/lib/i18n/provider";
import { createQueryClient } from "@/lib/query-client";

/** What every page stands on. All of it needs the browser: its language, its login, its address. */
export function Providers({ children }: { children: ReactNode }) {
  const [queryClient] = useState(createQueryClient);
  return (
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem enableColorScheme={false}>
      <ClientOnly>
        <Suspense>
          <LocaleProvider>
            <QueryClientProvider client={queryClient}>
              {children}
              <Toaster />
            </QueryClientProvider>
          </LocaleProvider>
        </Suspense>
      </ClientOnly>
    </ThemeProvider>
  );
}
