"use client";

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { FolderIcon, KeyRoundIcon, LanguagesIcon, LogOutIcon, PlusIcon, ServerIcon, SunMoonIcon, UploadIcon, WrenchIcon } from "lucide-react";
import { usePathname, useRouter } from "next/navigation";
import { useState } from "react";
import { useLocale, useTranslations } from "use-intl";

import { Spinner } from "@/components/spinner";
import { LANGUAGES, useAppearance } from "@/components/use-appearance";
import { useMayLeave } from "@/components/use-may-leave";
import { may } from "@/lib/access";
import { offerTitle } from "@/lib/data/offers";
import { projectsQuery } from "@/lib/data/projects";
import { serversQuery } from "@/lib/data/servers";
import { meQuery, useLogout } from "@/lib/data/session";
import { paths } from "@/lib/paths";
import { segmentAfter } from "@/lib/route";

import { narrow } from "./narrow";
import { Entry, Group } from "./palette-entry";
import { projectToolsQuery } from "./queries";
import { ServerVerbs } from "./server-verbs";

/** Mounted while it is open, so that nothing is loaded for it before. */
export function Palette({ onDone }: { onDone: () => void }) {
  const t = useTranslations("palette");
  const shell = useTranslations("shell");
  const nav = useTranslations("shell.nav");
  const router = useRouter();
  const mayLeave = useMayLeave();
  const pathname = usePathname();
  const locale = useLocale();
  const { isDark, chooseTheme, chooseLanguage } = useAppearance();
  const logout = useLogout();
  const [typed, setTyped] = useState("");
  const wanted = typed.trim();
  const project = segmentAfter(pathname, "projects");
  const me = useQuery(meQuery()).data?.user;
  const projects = useQuery(projectsQuery()).data ?? [];
  const servers = useQuery({ ...serversQuery({ project: project ?? "" }), enabled: project !== undefined }).data ?? [];
  // Asked for once somebody searches, as it takes a request for each server.
  const tools = useQuery({ ...projectToolsQuery({ project: project ?? "" }), enabled: project !== undefined && wanted !== "" });
  const isSearching = tools.isFetching && tools.data === undefined;
  const foundServers = narrow(servers, wanted, ({ alias, name }) => `${alias} ${name}`);
  const foundTools = wanted === "" ? [] : narrow(tools.data ?? [], wanted, ({ server, offer }) => `${server} ${offer.name} ${offerTitle(offer)}`);
  const foundProjects = narrow(projects, wanted, ({ slug, name }) => `${slug} ${name}`);
  const go = (href: string) => () => {
    onDone();
    if (mayLeave()) router.push(href);
  };
  const act = (run: () => void) => () => {
    run();
    onDone();
  };
  const ref = project === undefined ? undefined : { project };
  const server = segmentAfter(pathname, "servers");
  const serverRef = project === undefined || server === undefined ? undefined : { project, server };
  const role = projects.find(({ id, slug }) => slug === project || id === project)?.role;
  const current = servers.filter(({ id, alias }) => alias === server || id === server);
  return (
    <Command label={t("title")} loop>
      <Command.Input
        autoFocus
        value={typed}
        onValueChange={setTyped}
        placeholder={t(project === undefined ? "placeholderOutside" : "placeholder")}
        className="h-12 w-full border-b border-border bg-transparent px-4 text-base outline-none"
      />
      <Command.List className="thin-scrollbar max-h-[60vh] overflow-y-auto p-1.5">
        {!isSearching && <Command.Empty className="px-3 py-8 text-center text-sm text-muted-foreground">{t("nothing")}</Command.Empty>}
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
        {foundServers.length > 0 && (
          <Group heading={t("servers")}>
            {foundServers.map((server) => (
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
        {foundTools.length > 0 && (
          <Group heading={t("tools")}>
            {foundTools.map(({ server: alias, offer }) => (
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
            ))}
          </Group>
        )}
        <Group heading={t("projects")}>
          {foundProjects.map(({ id, slug, name }) => (
            <Entry key={id} value={`project ${slug}`} keywords={[name]} icon={FolderIcon} hint={slug} onSelect={go(paths.project({ project: slug }))}>
              {name}
            </Entry>
          ))}
        </Group>
        <Group heading={t("actions")}>
          {ref !== undefined && (
            <>
              {role !== undefined && may(role, "manageServers") && (
                <ServerVerbs project={ref} servers={wanted === "" ? current : servers} typed={wanted} onDone={onDone} />
              )}
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
              chooseTheme(isDark ? "light" : "dark");
            })}
          >
            {t("theme")}
          </Entry>
          <Entry
            value="action language"
            keywords={Object.values(LANGUAGES)}
            icon={LanguagesIcon}
            onSelect={act(() => {
              chooseLanguage(locale === "en" ? "ko" : "en");
            })}
          >
            {locale === "en" ? "한국어로 보기" : "Switch to English"}
          </Entry>
          <Entry
            value="action log out"
            keywords={[shell("logOut")]}
            icon={LogOutIcon}
            onSelect={act(() => {
              logout.mutate();
            })}
          >
            {shell("logOut")}
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
      {isSearching && (
        <p role="status" className="flex items-center gap-2 border-t border-border px-4 py-2 text-sm text-muted-foreground">
          <Spinner /> {t("searchingTools")}
        </p>
      )}
    </Command>
  );
}
