"use client";

import { useQuery } from "@tanstack/react-query";
import { usePathname } from "next/navigation";
import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { PageTitle } from "@/components/page-title";
import { cn } from "@/lib/cn";
import { projectsQuery } from "@/lib/data/projects";
import { serverQuery } from "@/lib/data/servers";
import { teamsQuery } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { segmentAfter } from "@/lib/route";

import { adminNav, globalNav, isActive, type NavKey, projectNav, serverTabs } from "./nav";

interface Crumb {
  text: string;
  href: string;
  /** The list that the next one stands in, which says nothing of the page itself. */
  isList?: boolean;
}

/** Where the page stands, with links to what is above it; on a phone to what is right above it. The tab says the same. */
export function Breadcrumb() {
  const t = useTranslations("shell");
  const crumbs = useCrumbs();
  const telling = crumbs.filter(({ isList }) => isList !== true);
  const onPhones = telling.slice(-2);
  return (
    <nav aria-label={t("breadcrumb")} className="min-w-0">
      <PageTitle parts={telling.map(({ text }) => text).reverse()} />
      <ol className="flex min-w-0 items-center text-sm">
        {crumbs.map((crumb, index) => {
          const { text, href } = crumb;
          const isLast = index === crumbs.length - 1;
          return (
            <li key={href} className={cn("flex min-w-0 items-center", !isLast && "sm:shrink-0", !onPhones.includes(crumb) && "max-sm:hidden")}>
              {index > 0 && (
                <span aria-hidden className={cn("px-1.5 text-muted-foreground", crumb === onPhones[0] && "max-sm:hidden")}>
                  /
                </span>
              )}
              <Link
                href={href}
                aria-current={isLast ? "page" : undefined}
                className={cn(
                  "max-w-56 truncate rounded-sm",
                  isLast ? "font-medium" : "text-muted-foreground hover:text-foreground",
                )}
              >
                {text}
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function useCrumbs(): Crumb[] {
  const t = useTranslations("shell.nav");
  const pathname = usePathname();
  const project = segmentAfter(pathname, "projects");
  const server = segmentAfter(pathname, "servers");
  const team = segmentAfter(pathname, "teams");
  const teams = useQuery({ ...teamsQuery(), enabled: team !== undefined }).data ?? [];
  const projects = useQuery({ ...projectsQuery(), enabled: project !== undefined }).data ?? [];
  const serverRef = { project: project ?? "", server: server ?? "" };
  const serverName = useQuery({ ...serverQuery(serverRef), enabled: server !== undefined }).data?.name ?? server;
  const crumb = (item: { key: NavKey; href: string } | undefined): Crumb[] =>
    item === undefined ? [] : [{ text: t(item.key), href: item.href }];

  if (team !== undefined) {
    const name = teams.find(({ slug, id }) => slug === team || id === team)?.name ?? team;
    return [
      { text: t("teams"), href: paths.teams(), isList: true },
      { text: name, href: paths.team(team) },
    ];
  }
  if (project === undefined) {
    return crumb([...globalNav(), ...adminNav(), { key: "profile" as const, href: paths.profile() }].find((item) => isActive(item, pathname)));
  }
  const ref = { project };
  const name = projects.find(({ slug, id }) => slug === project || id === project)?.name ?? project;
  const crumbs: Crumb[] = [
    { text: t("projects"), href: paths.projects(), isList: true },
    { text: name, href: paths.project(ref) },
  ];
  const list = projectNav(ref).slice(1).find((item) => isActive(item, pathname));
  const page = list?.below?.find(({ href }) => href === pathname);
  crumbs.push(...crumb(list).map((one) => ({ ...one, isList: server !== undefined || page !== undefined })), ...crumb(page));
  if (server !== undefined) {
    crumbs.push({ text: serverName ?? server, href: paths.server(serverRef) });
    crumbs.push(...crumb(serverTabs(serverRef).slice(1).find((item) => isActive(item, pathname))));
  }
  return crumbs;
}
