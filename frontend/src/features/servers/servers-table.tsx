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
      className: "@max-lg:w-full @max-lg:max-w-0",
      cell: (server) => (
        <div className="min-w-0 @lg:max-w-72">
          <Link href={paths.server({ ...project, server: server.alias })} title={server.name} className="block truncate font-medium hover:underline">
            {server.name}
          </Link>
          {server.name !== server.alias && <p className="truncate font-mono text-xs text-muted-foreground">{server.alias}</p>}
          <div className="@lg:hidden">
            <State server={server} className="text-xs text-muted-foreground" />
          </div>
        </div>
      ),
    },
    {
      id: "state",
      header: t("column.state"),
      className: "w-full max-w-0 @max-lg:hidden",
      sort: (server) => severity(server.status.state),
      cell: (server) => <State server={server} />,
    },
    {
      id: "transport",
      header: t("column.transport"),
      className: "@max-4xl:hidden",
      sort: transportText,
      cell: (server) => (
        <span className="block max-w-60 truncate font-mono text-xs text-muted-foreground">{transportText(server)}</span>
      ),
    },
    {
      id: "calls",
      header: t("column.inFlight"),
      align: "right",
      className: "@max-3xl:hidden",
      sort: (server) => server.status.calls_in_flight,
      cell: (server) => server.status.calls_in_flight,
    },
    {
      id: "since",
      header: t("column.since"),
      className: "@max-2xl:hidden",
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

/** What it does, and what is wrong with it. */
function State({ server: { status }, className }: { server: Server; className?: string }) {
  return (
    <div className="min-w-0">
      <ServerStateBadge state={status.state} className={className} />
      {status.reason !== null && isFailing(status.state) && (
        <p title={status.reason} className="truncate text-xs text-muted-foreground">
          {status.reason}
        </p>
      )}
    </div>
  );
}
