"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { ConnectionCard } from "@/components/connection-card";
import { PageHeader } from "@/components/page-header";
import { RoleBadge } from "@/components/role-badge";
import { ServerStateBadge } from "@/components/server-state-badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { recentCallsQuery } from "@/lib/data/calls";
import { useAccess, useProject } from "@/lib/data/projects";
import { isFailing, severity } from "@/lib/data/server-states";
import { type Server, serversQuery } from "@/lib/data/servers";
import { lastDayUsageQuery } from "@/lib/data/usage";
import { paths, type ProjectRef } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { RecentCalls } from "./recent-calls";
import { SetupSteps } from "./setup-steps";
import { ToolRanks } from "./tool-ranks";
import { UsageCard } from "./usage-card";

/** For viewers alone. */
const RecentChanges = lazy(() => import("./recent-changes").then((module) => ({ default: module.RecentChanges })));

/** More are on their own page. */
const MOST_SERVERS = 8;

export function OverviewPage() {
  const connection = useTranslations("connection");
  const ref = useProjectRef();
  const project = useProject();
  const { data: servers } = useSuspenseQuery(serversQuery(ref));
  const { may } = useAccess();
  const calls = useQuery({ ...recentCallsQuery(ref, 10), enabled: may("call") });
  const hasServers = servers.length > 0;
  const usage = useQuery({ ...lastDayUsageQuery(ref), enabled: hasServers });
  // A member sees the own calls alone: the first steps are still ahead of who has none, however busy the project is.
  const isNew = may("useOwnKeys") && (!hasServers || calls.data?.length === 0);
  const isBusy = hasServers && (!isNew || (usage.data?.total.calls ?? 0) > 0);
  return (
    <>
      <PageHeader title={project.name} badge={<RoleBadge role={project.role} />} />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1.25fr)_minmax(0,1fr)]">
        <div className="grid min-w-0 gap-4">
          {isNew && <SetupSteps project={ref} servers={servers} hasCalls={(calls.data?.length ?? 0) > 0} />}
          {isBusy && <UsageCard project={ref} servers={servers} />}
          {hasServers && <ServerStates project={ref} servers={servers} />}
          {isBusy && <ToolRanks project={ref} servers={servers} />}
          {!may("call") ? (
            <Suspense>
              <RecentChanges project={ref} />
            </Suspense>
          ) : (
            !isNew && <RecentCalls calls={calls} project={ref} />
          )}
        </div>
        <ConnectionCard description={connection("description")} project={ref.project} />
      </div>
    </>
  );
}

function ServerStates({ project, servers }: { project: ProjectRef; servers: Server[] }) {
  const t = useTranslations("overview");

  const sorted = [...servers].sort((a, b) => severity(a.status.state) - severity(b.status.state));
  return (
    <Card>
      <CardHeader
        heading={t("servers")}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={paths.servers(project)}>{t("seeAll")}</Link>
          </Button>
        }
      />
      <ul className="divide-y divide-border">
        {sorted.slice(0, MOST_SERVERS).map((server) => (
          <li key={server.id} className="relative flex items-center gap-3 px-4 py-2 transition-colors hover:bg-muted/60">
            <Link
              href={paths.server({ ...project, server: server.alias })}
              className="min-w-0 flex-1 truncate text-sm font-medium outline-none after:absolute after:inset-0 focus-visible:after:outline-2 focus-visible:after:-outline-offset-2 focus-visible:after:outline-ring"
            >
              {server.name}
            </Link>
            <span className="max-w-[50%] truncate text-xs text-muted-foreground max-sm:hidden">
              {isFailing(server.status.state) ? server.status.reason : server.status.implementation}
            </span>
            <ServerStateBadge state={server.status.state} className="w-24 shrink-0 text-muted-foreground" />
          </li>
        ))}
      </ul>
    </Card>
  );
}
