"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import { DownloadIcon, LayoutGridIcon, PlusIcon, RowsIcon, SearchIcon, ServerIcon, UploadIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { SearchInput } from "@/components/address-input";
import { EmptyState } from "@/components/empty-state";
import { GuardedButton } from "@/components/guarded-button";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { cn } from "@/lib/cn";
import { groupOf, STATE_GROUPS } from "@/lib/data/server-states";
import { type Server, serversQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { BulkBar } from "./bulk-bar";
import { ServerCard } from "./server-card";
import { ServersTable } from "./servers-table";
import { useExport } from "./use-export";

export function ServersPage() {
  const t = useTranslations("servers");
  const ref = useProjectRef();
  const { data: servers } = useSuspenseQuery(serversQuery(ref));
  const reason = useRoleReason("manageServers");
  const [search, setSearch] = useSearchParam("q");
  const [state, setState] = useSearchParam("state");
  const [view, setView] = useSearchParam("view");
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const exporting = useExport(ref);

  const addButtons = (
    <>
      <GuardedButton reason={reason} asChild={reason === undefined}>
        {reason === undefined ? (
          <Link href={paths.importServers(ref)}>
            <UploadIcon /> {t("import")}
          </Link>
        ) : (
          <>
            <UploadIcon /> {t("import")}
          </>
        )}
      </GuardedButton>
      <GuardedButton reason={reason} variant="primary" asChild={reason === undefined}>
        {reason === undefined ? (
          <Link href={paths.addServer(ref)}>
            <PlusIcon /> {t("add")}
          </Link>
        ) : (
          <>
            <PlusIcon /> {t("add")}
          </>
        )}
      </GuardedButton>
    </>
  );

  if (servers.length === 0) {
    return (
      <>
        <PageHeader title={t("title")} />
        <EmptyState
          icon={ServerIcon}
          heading={t("emptyHeading")}
          description={t(reason === undefined ? "emptyDescription" : "emptyAsk")}
          actions={addButtons}
          className="rounded-lg border border-dashed border-border"
        />
      </>
    );
  }

  const wanted = search.trim().toLowerCase();
  const isWanted = (server: Server) =>
    `${server.name} ${server.alias}`.toLowerCase().includes(wanted) && (state === "" || groupOf(server.status.state) === state);
  const shown = servers.filter(isWanted);
  const chosen = servers.filter((server) => selected.has(server.alias));

  return (
    <>
      <PageHeader
        title={t("title")}
        actions={
          <>
            <GuardedButton reason={reason} variant="ghost" onClick={exporting}>
              <DownloadIcon /> {t("export")}
            </GuardedButton>
            {addButtons}
          </>
        }
      />
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <div className="relative w-full sm:w-64">
          <SearchIcon aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted-foreground" />
          <SearchInput label={t("search")} className="pl-8" value={search} onText={setSearch} />
        </div>
        <div role="group" aria-label={t("filterState")} className="no-scrollbar flex max-w-full gap-1 overflow-x-auto p-0.5">
          {STATE_GROUPS.map((choice) => {
            const count = servers.filter((server) => groupOf(server.status.state) === choice).length;
            return (
              <Button
                key={choice}
                size="sm"
                variant="ghost"
                aria-pressed={state === choice}
                className={cn("text-muted-foreground", state === choice && "bg-accent text-foreground")}
                onClick={() => {
                  setState(state === choice ? "" : choice);
                }}
              >
                {t(`group.${choice}`)} <span className="tabular">{count}</span>
              </Button>
            );
          })}
        </div>
        <div role="group" aria-label={t("view")} className="ml-auto flex rounded-md bg-muted p-0.5 max-sm:hidden">
          {(["", "cards"] as const).map((choice) => (
            <Button
              key={choice}
              size="icon-sm"
              variant="ghost"
              aria-pressed={view === choice}
              aria-label={choice === "" ? t("viewTable") : t("viewCards")}
              className={cn("text-muted-foreground", view === choice && "bg-background text-foreground shadow-[0_0_0_1px_var(--border)]")}
              onClick={() => {
                setView(choice);
              }}
            >
              {choice === "" ? <RowsIcon /> : <LayoutGridIcon />}
            </Button>
          ))}
        </div>
      </div>
      {shown.length === 0 ? (
        <EmptyState
          icon={SearchIcon}
          heading={t("nothingFound")}
          actions={
            <Button
              onClick={() => {
                setSearch("");
                setState("");
              }}
            >
              {t("clearFilters")}
            </Button>
          }
        />
      ) : view === "cards" ? (
        <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
          {shown.map((server) => (
            <li key={server.id}>
              <ServerCard project={ref} server={server} />
            </li>
          ))}
        </ul>
      ) : (
        <Card className="overflow-hidden">
          <ServersTable
            project={ref}
            servers={shown}
            selection={reason === undefined ? { ids: new Set(chosen.map((server) => server.alias)), onChange: setSelected } : undefined}
          />
        </Card>
      )}
      <BulkBar
        project={ref}
        servers={chosen}
        onClear={() => {
          setSelected(new Set());
        }}
      />
    </>
  );
}
