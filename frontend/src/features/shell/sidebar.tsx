"use client";

import { useQuery } from "@tanstack/react-query";
import { Link } from "@/components/link";
import { usePathname } from "next/navigation";
import { useTranslations } from "use-intl";

import { Logo } from "@/components/logo";
import { Badge } from "@/components/ui/badge";
import { may } from "@/lib/access";
import { cn } from "@/lib/cn";
import { approvalsQuery } from "@/lib/data/approvals";
import { projectQuery } from "@/lib/data/projects";
import { meQuery } from "@/lib/data/session";
import { paths, type ProjectRef } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { adminNav, globalNav, isActive, type NavItem, type NavKey, projectNav } from "./nav";
import { ProjectSwitcher } from "./project-switcher";
import { UserMenu } from "./user-menu";

/** `onNavigate` closes the sheet that it stands in on small screens. */
export function Sidebar({ onNavigate }: { onNavigate?: () => void }) {
  const t = useTranslations("shell");
  const common = useTranslations("common");
  const ref = useProjectRef();
  const me = useQuery(meQuery());
  const waiting = useWaiting(ref);
  return (
    <>
      <div className="flex h-12 shrink-0 items-center px-4">
        <Link href={paths.projects()} onNavigate={onNavigate} className="flex items-center gap-2 rounded-md text-sm font-semibold">
          <Logo />
          {common("appName")}
        </Link>
      </div>
      <nav aria-label={t("mainNavigation")} className="thin-scrollbar flex min-h-0 flex-1 flex-col gap-5 overflow-y-auto px-2.5 py-2">
        {ref.project === "" ? (
          <NavList items={globalNav()} onNavigate={onNavigate} />
        ) : (
          <div className="grid grid-cols-1 gap-2">
            <ProjectSwitcher onNavigate={onNavigate} />
            <NavList label={t("projectNavigation")} items={projectNav(ref)} counts={{ approvals: waiting }} onNavigate={onNavigate} />
          </div>
        )}
        {ref.project === "" && me.data?.user.instance_admin === true && (
          <div>
            <h2 className="px-2 pb-1 text-xs font-medium text-muted-foreground">{t("adminNavigation")}</h2>
            <NavList label={t("adminNavigation")} items={adminNav()} onNavigate={onNavigate} />
          </div>
        )}
      </nav>
      <div className="border-t border-border p-2.5">
        <UserMenu />
      </div>
    </>
  );
}

/** How many calls wait for an answer. Events tell of each, so nothing is asked for again and again; viewers may not ask. */
function useWaiting(ref: ProjectRef): number {
  const role = useQuery({ ...projectQuery(ref), enabled: ref.project !== "" }).data?.role;
  const approvals = useQuery({ ...approvalsQuery(ref), enabled: role !== undefined && may(role, "call"), refetchInterval: false });
  return approvals.data?.filter(({ state }) => state === "pending").length ?? 0;
}

interface NavListProps {
  items: NavItem[];
  /** How much there is to do on a page. */
  counts?: Partial<Record<NavKey, number>>;
  label?: string;
  onNavigate?: () => void;
}

function NavList({ items, counts, label, onNavigate }: NavListProps) {
  const t = useTranslations("shell.nav");
  const shell = useTranslations("shell");
  const pathname = usePathname();
  return (
    <ul aria-label={label} className="grid gap-px">
      {items.map((item) => {
        const { key, href, icon: Icon } = item;
        const count = counts?.[key] ?? 0;
        const active = isActive(item, pathname);
        return (
          <li key={key}>
            <Link
              href={href}
              onNavigate={onNavigate}
              aria-current={active ? "page" : undefined}
              className={cn(
                "flex h-8 items-center gap-2.5 rounded-md px-2 text-sm font-medium transition-colors focus-visible:outline-offset-0",
                active ? "bg-accent text-foreground" : "text-muted-foreground hover:bg-accent/70 hover:text-foreground",
              )}
            >
              <Icon aria-hidden className="size-4 shrink-0" />
              <span className="truncate">{t(key)}</span>
              {count > 0 && (
                <Badge tone="info" className="ml-auto tabular">
                  <span aria-hidden>{count}</span>
                  <span className="sr-only">{shell("waiting", { count })}</span>
                </Badge>
              )}
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
