"use client";

import { useQueries, useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { FolderIcon, KeyRoundIcon, LanguagesIcon, type LucideIcon, PlusIcon, ServerIcon, SunMoonIcon, UploadIcon, WrenchIcon } from "lucide-react";
import { usePathname, useRouter } from "next/navigation";
import { useTheme } from "next-themes";
import type { ReactNode } from "react";
import { useLocale, useTranslations } from "use-intl";

import { offersQuery, offerTitle } from "@/lib/data/offers";
import { projectsQuery } from "@/lib/data/projects";
import { serversQuery } from "@/lib/data/servers";
import { meQuery } from "@/lib/data/session";
import { chooseLocale } from "@/lib/i18n/locale";
import { paths } from "@/lib/paths";
import { segmentAfter } from "@/lib/route";

/** The tools of so many servers are searched. */
const MOST_SERVERS = 40;

/** Mounted while it is open, so that nothing is loaded for it before. */
export function Palette({ onDone }: { onDone: () => void }) {
  const t = useTranslations("palette");
  const nav = useTranslations("shell.nav");
  const router = useRouter();
  const pathname = usePathname();
  const locale = useLocale();
  const { resolvedTheme, setTheme } = useTheme();
  const project = segmentAfter(pathname, "projects");
  const me = useQuery(meQuery()).data?.user;
  const projects = useQuery(projectsQuery()).data ?? [];
  const servers = useQuery({ ...serversQuery({ project: project ?? "" }), enabled: project !== undefined }).data ?? [];
  const searched = servers.slice(0, MOST_SERVERS);
  const offers = useQueries({
    queries: searched.map((server) => offersQuery({ project: project ?? "", server: server.alias }, "tool")),
  });
  const go = (href: string) => () => {
    onDone();
    router.push(href);
  };
  const act = (run: () => void) => () => {
    run();
    onDone();
  };
  const ref = project === undefined ? undefined : { project };
  const server = segmentAfter(pathname, "servers");
  const serverRef = project === undefined || server === undefined ? undefined : { project, server };
  return (
    <Command label={t("title")} loop>
      <Command.Input
        autoFocus
        placeholder={t("placeholder")}
        className="h-12 w-full border-b border-border bg-transparent px-4 text-base outline-none"
      />
      <Command.List className="thin-scrollbar max-h-[60vh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-8 text-center text-sm text-muted-foreground">{t("nothing")}</Command.Empty>
        {ref !== undefined && (
          <Group heading={t("pages")}>
            {(
              [
                ["overview", paths.project(ref)],
                ["servers", paths.servers(ref)],
                ["members", paths.members(ref)],
                ["keys", paths.keys(ref)],
                ["activity", paths.activity(ref)],
                ["approvals", paths.approvals(ref)],
                ["settings", paths.projectSettings(ref)],
              ] as const
            ).map(([key, href]) => (
              <Entry key={key} value={`page ${key}`} keywords={[nav(key)]} icon={FolderIcon} onSelect={go(href)}>
                {nav(key)}
              </Entry>
            ))}
          </Group>
        )}
        {serverRef !== undefined && (
          <Group heading={t("serverPages", { server: serverRef.server })}>
            {(
              [
                ["overview", paths.server(serverRef)],
                ["tools", paths.serverTools(serverRef)],
                ["playground", paths.playground(serverRef)],
                ["usage", paths.serverUsage(serverRef)],
                ["logs", paths.serverLogs(serverRef)],
                ["settings", paths.serverSettings(serverRef)],
              ] as const
            ).map(([key, href]) => (
              <Entry key={key} value={`server page ${key}`} keywords={[nav(key)]} icon={ServerIcon} hint={serverRef.server} onSelect={go(href)}>
                {nav(key)}
              </Entry>
            ))}
          </Group>
        )}
        {servers.length > 0 && (
          <Group heading={t("servers")}>
            {servers.map((server) => (
              <Entry
                key={server.id}
                value={`server ${server.alias}`}
                keywords={[server.name]}
                icon={ServerIcon}
                hint={server.alias}
                onSelect={go(paths.server({ project: project ?? "", server: server.alias }))}
              >
                {server.name}
              </Entry>
            ))}
          </Group>
        )}
        {offers.some(({ data }) => (data?.items.length ?? 0) > 0) && (
          <Group heading={t("tools")}>
            {offers.flatMap(({ data }, index) => {
              const alias = searched[index]?.alias;
              if (alias === undefined) return [];
              return (data?.items ?? []).map((offer) => (
                <Entry
                  key={`${alias} ${offer.name}`}
                  value={`tool ${alias} ${offer.name}`}
                  keywords={[offerTitle(offer)]}
                  icon={WrenchIcon}
                  hint={alias}
                  onSelect={go(paths.serverTools({ project: project ?? "", server: alias }, { kind: "tool", name: offer.name }))}
                >
                  {offer.name}
                </Entry>
              ));
            })}
          </Group>
        )}
        <Group heading={t("projects")}>
          {projects.map(({ id, slug, name }) => (
            <Entry key={id} value={`project ${slug}`} keywords={[name]} icon={FolderIcon} hint={slug} onSelect={go(paths.project({ project: slug }))}>
              {name}
            </Entry>
          ))}
        </Group>
        <Group heading={t("actions")}>
          {ref !== undefined && (
            <>
              <Entry value="action add server" keywords={[t("addServer")]} icon={PlusIcon} onSelect={go(paths.addServer(ref))}>
                {t("addServer")}
              </Entry>
              <Entry value="action key" keywords={[t("createKey")]} icon={KeyRoundIcon} onSelect={go(paths.keys(ref, { new: "1" }))}>
                {t("createKey")}
              </Entry>
              <Entry value="action import" keywords={[t("import")]} icon={UploadIcon} onSelect={go(paths.importServers(ref))}>
                {t("import")}
              </Entry>
            </>
          )}
          <Entry
            value="action theme dark light"
            keywords={[t("theme")]}
            icon={SunMoonIcon}
            onSelect={act(() => {
              setTheme(resolvedTheme === "dark" ? "light" : "dark");
            })}
          >
            {t("theme")}
          </Entry>
          <Entry
            value="action language"
            keywords={["English", "한국어"]}
            icon={LanguagesIcon}
            onSelect={act(() => {
              chooseLocale(locale === "en" ? "ko" : "en");
            })}
          >
            {locale === "en" ? "한국어로 보기" : "Switch to English"}
          </Entry>
        </Group>
        <Group heading={t("elsewhere")}>
          {(
            [
              ["projects", paths.projects()],
              ["teams", paths.teams()],
              ["profile", paths.profile()],
            ] as const
          ).map(([key, href]) => (
            <Entry key={key} value={`go ${key}`} keywords={[nav(key)]} icon={FolderIcon} onSelect={go(href)}>
              {nav(key)}
            </Entry>
          ))}
          {me?.instance_admin === true &&
            (
              [
                ["adminUsers", paths.adminUsers()],
                ["adminTeams", paths.adminTeams()],
                ["adminProjects", paths.adminProjects()],
                ["adminKeys", paths.adminKeys()],
                ["adminAudit", paths.adminAudit()],
                ["adminSystem", paths.adminSystem()],
              ] as const
            ).map(([key, href]) => (
              <Entry key={key} value={`admin ${key}`} keywords={[nav(key)]} icon={FolderIcon} hint={t("instance")} onSelect={go(href)}>
                {nav(key)}
              </Entry>
            ))}
        </Group>
      </Command.List>
    </Command>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-muted-foreground"
    >
      {children}
    </Command.Group>
  );
}

interface EntryProps {
  value: string;
  keywords: string[];
  icon: LucideIcon;
  hint?: string;
  onSelect: () => void;
  children: ReactNode;
}

function Entry({ value, keywords, icon: Icon, hint, onSelect, children }: EntryProps) {
  return (
    <Command.Item
      value={value}
      keywords={keywords}
      onSelect={onSelect}
      className="flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm data-[selected=true]:bg-accent"
    >
      <Icon aria-hidden className="size-4 shrink-0 text-muted-foreground" />
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {hint !== undefined && <span className="max-w-40 truncate font-mono text-xs text-muted-foreground">{hint}</span>}
    </Command.Item>
  );
}
