"use client";

import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { type ReactNode, useEffect } from "react";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { useAppearanceOfAccount } from "@/components/use-appearance";
import { useGuardedTraversals } from "@/components/use-may-leave";
import { whenSessionEnds } from "@/lib/api/client";
import { followEvents } from "@/lib/api/events";
import { meQuery } from "@/lib/data/session";
import { paths } from "@/lib/paths";

import { Sidebar } from "./sidebar";
import { Topbar } from "./topbar";
import { useTrueAddress } from "./use-true-address";

interface ConsoleShellProps {
  children: ReactNode;
  /** Opens the command palette; stands in the top bar. */
  search?: ReactNode;
}

/** The frame of all pages behind the login. Without a login there is nothing to see, and the login page comes. */
export function ConsoleShell({ children, search }: ConsoleShellProps) {
  const t = useTranslations("common");
  const router = useRouter();
  const me = useQuery(meQuery());
  const isLoggedOut = me.error !== null && "status" in me.error && me.error.status === 401;

  useEffect(() => {
    const toLogin = () => {
      // Of the page that the browser shows, which the router may not have told of yet.
      const { pathname, search: query } = location;
      if (pathname === paths.login()) return;
      router.replace(paths.login({ next: pathname === paths.projects() ? undefined : pathname + query }));
    };
    if (isLoggedOut) toLogin();
    whenSessionEnds(toLogin);
  }, [isLoggedOut, router]);

  const queryClient = useQueryClient();
  const isLoggedIn = me.data !== undefined;
  useEffect(() => (isLoggedIn ? followEvents(queryClient) : undefined), [isLoggedIn, queryClient]);
  useAppearanceOfAccount({ enabled: isLoggedIn });
  useGuardedTraversals();
  useTrueAddress(isLoggedIn);

  if (isLoggedOut) return null;
  if (me.isLoadingError) {
    return (
      <main className="flex min-h-dvh items-center justify-center">
        <ErrorPanel isPage error={me.error} onRetry={() => void me.refetch()} />
      </main>
    );
  }
  return (
    <div className="min-h-dvh lg:pl-58">
      <a
        href="#content"
        className="sr-only z-50 rounded-md bg-primary px-3 py-2 text-sm font-medium text-primary-foreground focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {t("skipToContent")}
      </a>
      <aside className="fixed inset-y-0 left-0 z-20 hidden w-58 flex-col border-r border-border bg-sidebar lg:flex">
        <Sidebar />
      </aside>
      <Topbar search={search} />
      <main id="content" tabIndex={-1} className="mx-auto w-full max-w-7xl px-4 py-5 outline-none sm:px-6 sm:py-6">
        {isLoggedIn && children}
      </main>
    </div>
  );
}
