"use client";

import { useQuery } from "@tanstack/react-query";
import { Link } from "@/components/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { ServerStateDot } from "@/components/server-state-badge";
import { cn } from "@/lib/cn";
import { serverQuery } from "@/lib/data/servers";
import { paths, type ServerRef } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { isActive, serverTabs } from "./nav";

/** Where the tabs are wider than the screen. */
function intoSight(tab: HTMLElement | null): void {
  tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** The tabs above every page of a server. */
export function ServerFrame({ children }: { children: ReactNode }) {
  const t = useTranslations("shell");
  const pathname = usePathname();
  const ref = useServerRef();
  return (
    <>
      <div className="-mx-4 -mt-5 mb-5 flex border-b border-border sm:-mx-6 sm:-mt-6">
        <nav aria-label={t("serverNavigation")} className="no-scrollbar -mb-px flex min-w-0 flex-1 overflow-x-auto px-2 sm:gap-1 sm:px-4">
          {serverTabs(ref).map((item) => {
            const active = isActive(item, pathname);
            return (
              <Link
                key={item.key}
                ref={active ? intoSight : undefined}
                href={item.href}
                aria-current={active ? "page" : undefined}
                className={cn(
                  "flex h-10 shrink-0 items-center border-b-2 px-1.5 text-sm font-medium transition-colors focus-visible:-outline-offset-2 sm:px-2",
                  active ? "border-foreground text-foreground" : "border-transparent text-muted-foreground hover:text-foreground",
                )}
              >
                {t(`nav.${item.key}`)}
              </Link>
            );
          })}
        </nav>
        {/* The overview has it beside its title. */}
        {pathname !== paths.server(ref) && <State server={ref} />}
      </div>
      {children}
    </>
  );
}

/** How the server is, on every page of it. Leads to where more is said. */
function State({ server: ref }: { server: ServerRef }) {
  const t = useTranslations("serverOverview");
  const states = useTranslations("serverState");
  const state = useQuery(serverQuery(ref)).data?.status.state;
  if (state === undefined) return null;
  return (
    <Link href={paths.server(ref)} className="flex h-10 shrink-0 items-center gap-1.5 px-4 text-sm hover:underline focus-visible:-outline-offset-2 sm:px-6">
      <ServerStateDot state={state} />
      <span className="sr-only">{t("state")}: </span>
      {/* Beside the tabs a phone has no room for more than the colour. */}
      <span className="max-sm:sr-only">{states(state)}</span>
    </Link>
  );
}
