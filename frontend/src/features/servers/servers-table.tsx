"use client";

import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { RelativeTime } from "@/components/relative-time";
import { ServerStateBadge } from "@/components/server-state-badge";
import { isFailing, severity } from "@/lib/data/server-states";
import type { Server } from "@/lib/data/servers";
import { paths, type ProjectRef } from "@/lib/paths";

import { ServerActions } from "./server-actions";
import { transportText } from "./transport-text";

interface ServersTableProps {
  project: ProjectRef;
  servers: Server[];
  /** By alias. */
  selection: { ids: ReadonlySet<string>; onChange: (ids: ReadonlySet<string>) => void } | undefined;
}

export function ServersTable({ project, servers, selection }: ServersTableProps) {
  const t = useTranslations("servers");
  const columns: Column<Server>[] = [
    {
      id: "name",
      header: t("column.name"),
      sort: (server) => server.name,
      cell: (server) => (
        <div className="min-w-0">
          <Link href={paths.server({ ...project, server: server.alias })} className="font-medium hover:underline">
            {server.name}
          </Link>
          {server.name !== server.alias && <span className="ml-2 font-mono text-xs text-muted-foreground">{server.alias}</span>}
          <div className="sm:hidden">
            <ServerStateBadge state={server.status.state} className="text-xs text-muted-foreground" />
          </div>
        </div>
      ),
    },
    {
      id: "state",
      header: t("column.state"),
      className: "max-sm:hidden",
      sort: (server) => severity(server.status.state),
      cell: (server) => (
        <div className="min-w-0">
          <ServerStateBadge state={server.status.state} />
          {server.status.reason !== null && isFailing(server.status.state) && (
            <p title={server.status.reason} className="max-w-80 truncate text-xs text-muted-foreground">
              {server.status.reason}
            </p>
          )}
        </div>
      ),
    },
    {
      id: "transport",
      header: t("column.transport"),
      className: "max-lg:hidden",
      sort: transportText,
      cell: (server) => (
        <span className="block max-w-80 truncate font-mono text-xs text-muted-foreground">{transportText(server)}</span>
      ),
    },
    {
      id: "calls",
      header: t("column.inFlight"),
      align: "right",
      className: "max-md:hidden",
      sort: (server) => server.status.calls_in_flight,
      cell: (server) => server.status.calls_in_flight,
    },
    {
      id: "since",
      header: t("column.since"),
      className: "max-md:hidden",
      sort: (server) => server.status.since,
      cell: (server) => <RelativeTime at={server.status.since} className="text-muted-foreground" />,
    },
    {
      id: "actions",
      header: t("column.actions"),
      hideHeader: true,
      align: "right",
      className: "w-0",
      cell: (server) => <ServerActions project={project} server={server} />,
    },
  ];
  return (
    <DataTable
      label={t("title")}
      columns={columns}
      rows={servers}
      rowId={(server) => server.alias}
      isMuted={(server) => server.status.state === "disabled"}
      selection={selection && { ...selection, label: (alias) => alias }}
    />
  );
}
