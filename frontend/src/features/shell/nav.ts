/** What the navigation has, in its order. To add a page, add it to `lib/paths.ts` and here. */
import {
  ActivityIcon,
  BoxesIcon,
  FolderIcon,
  GaugeIcon,
  InboxIcon,
  KeyRoundIcon,
  LayoutDashboardIcon,
  type LucideIcon,
  ScrollTextIcon,
  ServerIcon,
  SettingsIcon,
  UserIcon,
  UsersIcon,
} from "lucide-react";

import type en from "@/messages/en";
import { paths, type ProjectRef, type ServerRef } from "@/lib/paths";

export type NavKey = keyof (typeof en)["shell"]["nav"];

export interface NavItem {
  key: NavKey;
  href: string;
  icon: LucideIcon;
  /** Active on this path alone and not on those below it. */
  exact?: boolean;
  /** Pages that belong below it and have paths elsewhere. */
  below?: { key: NavKey; href: string }[];
}

export function globalNav(): NavItem[] {
  return [
    { key: "projects", href: paths.projects(), icon: FolderIcon, exact: true },
    { key: "teams", href: paths.teams(), icon: UsersIcon },
  ];
}

export function projectNav(ref: ProjectRef): NavItem[] {
  return [
    { key: "overview", href: paths.project(ref), icon: LayoutDashboardIcon, exact: true },
    {
      key: "servers",
      href: paths.servers(ref),
      icon: ServerIcon,
      below: [
        { key: "addServer", href: paths.addServer(ref) },
        { key: "import", href: paths.importServers(ref) },
      ],
    },
    { key: "approvals", href: paths.approvals(ref), icon: InboxIcon },
    { key: "members", href: paths.members(ref), icon: UsersIcon },
    { key: "keys", href: paths.keys(ref), icon: KeyRoundIcon },
    { key: "activity", href: paths.activity(ref), icon: ActivityIcon },
    { key: "settings", href: paths.projectSettings(ref), icon: SettingsIcon },
  ];
}

export function adminNav(): NavItem[] {
  return [
    { key: "adminUsers", href: paths.adminUsers(), icon: UserIcon },
    { key: "adminTeams", href: paths.adminTeams(), icon: UsersIcon },
    { key: "adminProjects", href: paths.adminProjects(), icon: BoxesIcon },
    { key: "adminKeys", href: paths.adminKeys(), icon: KeyRoundIcon },
    { key: "adminAudit", href: paths.adminAudit(), icon: ScrollTextIcon },
    { key: "adminSystem", href: paths.adminSystem(), icon: GaugeIcon },
  ];
}

export function serverTabs(ref: ServerRef): Omit<NavItem, "icon">[] {
  return [
    { key: "overview", href: paths.server(ref), exact: true },
    { key: "tools", href: paths.serverTools(ref) },
    { key: "playground", href: paths.playground(ref) },
    { key: "usage", href: paths.serverUsage(ref) },
    { key: "logs", href: paths.serverLogs(ref) },
    { key: "settings", href: paths.serverSettings(ref) },
  ];
}

export function isActive({ href, exact, below = [] }: Pick<NavItem, "href" | "exact" | "below">, pathname: string): boolean {
  return pathname === href || (exact !== true && pathname.startsWith(`${href}/`)) || below.some((page) => pathname === page.href);
}
