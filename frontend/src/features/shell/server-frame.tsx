"use client";

import { Link } from "@/components/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";
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
  return (
    <>
      <nav
        aria-label={t("serverNavigation")}
        className="no-scrollbar -mx-4 -mt-5 mb-5 flex overflow-x-auto border-b border-border px-2 sm:gap-1 sm:-mx-6 sm:-mt-6 sm:px-4"
      >
        {serverTabs(useServerRef()).map((item) => {
          const active = isActive(item, pathname);
          return (
            <Link
              key={item.key}
              ref={active ? intoSight : undefined}
              href={item.href}
              aria-current={active ? "page" : undefined}
              className={cn(
                "-mb-px flex h-10 shrink-0 items-center border-b-2 px-1.5 text-sm font-medium transition-colors focus-visible:-outline-offset-2 sm:px-2",
                active ? "border-foreground text-foreground" : "border-transparent text-muted-foreground hover:text-foreground",
              )}
            >
              {t(`nav.${item.key}`)}
            </Link>
          );
        })}
      </nav>
      {children}
    </>
  );
}
