"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@/components/link";
import { useRouter } from "next/navigation";
import type { ReactNode } from "react";
import { useNow, useTranslations } from "use-intl";

import { ConnectionCard } from "@/components/connection-card";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { ServerStateBadge } from "@/components/server-state-badge";
import { StarButton } from "@/components/star-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { type Offers, offersQuery } from "@/lib/data/offers";
import { useAccess } from "@/lib/data/projects";
import { isFailing } from "@/lib/data/server-states";
import { type Server, serverQuery } from "@/lib/data/servers";
import { paths, type ServerRef } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { OwnValuesCard } from "./own-values-card";
import { ServerActions } from "./server-actions";

export function ServerOverviewPage() {
  const t = useTranslations("serverOverview");
  const connection = useTranslations("connection");
  const ref = useServerRef();
  const router = useRouter();
  const { data: server } = useSuspenseQuery(serverQuery(ref));
  return (
    <>
      <PageHeader
        title={server.name}
        badge={
          <>
            <ServerStateBadge state={server.status.state} />
            <StarButton target={{ project: server.project_id, server: server.id }} name={server.name} />
          </>
        }
        actions={
          <ServerActions
            project={ref}
            server={server}
            labelled
            onDeleted={() => {
              router.push(paths.servers(ref));
            }}
          />
        }
      />
      <StateNotice server={server} project={ref} />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,1.3fr)]">
        <div className="grid gap-4">
          <OwnValuesCard project={ref} />
          <Card>
            <CardHeader heading={t("state")} />
            <dl className="divide-y divide-border">
              <Fact label={t("since")}>
                <RelativeTime at={server.status.since} />
              </Fact>
              <Fact label={t("implementation")}>{server.status.implementation ?? t("unknown")}</Fact>
              <Fact label={t("revision")}>{server.status.revision ?? t("unknown")}</Fact>
              {server.status.pid !== null && <Fact label={t("pid")}>{server.status.pid}</Fact>}
              <Fact label={t("inFlight")}>{server.status.calls_in_flight}</Fact>
            </dl>
          </Card>
          <OffersCard project={ref} />
          <Configuration server={server} project={ref} />
        </div>
        <ConnectionCard description={connection("serverDescription")} project={ref.project} server={ref.server} />
      </div>
    </>
  );
}

/** What is wrong, and the next step. */
function StateNotice({ server, project }: { server: Server; project: ServerRef }) {
  const t = useTranslations("serverOverview");
  const { status } = server;
  const { may } = useAccess();
  const isManaged = may("manageServers");
  if (isFailing(status.state)) {
    const state = status.state as "backing_off";
    return (
      <Alert
        tone="danger"
        heading={t("failingHeading")}
        className="mb-4"
        actions={
          <>
            {may("inspect") && (
              <Button asChild size="sm">
                <Link href={paths.serverLogs(project)}>{t("toLogs")}</Link>
              </Button>
            )}
            {isManaged && (
              <Button asChild size="sm">
                <Link href={paths.serverSettings(project)}>{t("toSettings")}</Link>
              </Button>
            )}
          </>
        }
      >
        {status.reason !== null && <p className="font-mono text-xs">{status.reason}</p>}
        <p className="mt-1">{t(isManaged ? `nextStep.${state}` : `whomToAsk.${state}`)}</p>
        {status.retry_at !== null && <NextTry at={status.retry_at} next={server.run.always_on ? "ByItself" : isManaged ? "ByCall" : "ByCallAlone"} />}
      </Alert>
    );
  }
  if (status.state === "disabled") {
    return (
      <Alert tone="info" heading={t("disabledHeading")} className="mb-4">
        {t(isManaged ? "disabledNext" : "disabledAsk")}
      </Alert>
    );
  }
  if (status.state === "stopped" || status.state === "stopped_by_admin") {
    return (
      <Alert tone="info" heading={t("idleHeading")} className="mb-4">
        {t(status.state === "stopped_by_admin" ? "stoppedNext" : isManaged ? "idleNext" : "idleNextByCall")}
        {status.reason !== null && <p className="mt-1 font-mono text-xs">{status.reason}</p>}
      </Alert>
    );
  }
  return null;
}

/** When it may start again. Where it need not always run, the next call starts it then, and the pause may be long over. */
function NextTry({ at, next }: { at: string; next: "ByItself" | "ByCall" | "ByCallAlone" }) {
  const t = useTranslations("serverOverview");
  const now = useNow({ updateInterval: 1_000 });
  if (new Date(at) <= now) return <p className="mt-1">{t(`nextTry${next}`)}</p>;
  return (
    <p className="mt-1">
      {t("nextTry")} <RelativeTime at={at} future />
    </p>
  );
}

/** How many there are, or nothing where nobody has asked yet. */
const countOf = (offers: Offers | undefined) => (offers === undefined || offers.fetched_at === null ? "–" : offers.items.length);

function OffersCard({ project }: { project: ServerRef }) {
  const t = useTranslations("serverOverview");
  const tools = useQuery(offersQuery(project, "tool")).data;
  const prompts = useQuery(offersQuery(project, "prompt")).data;
  const resources = useQuery(offersQuery(project, "resource")).data;
  return (
    <Card>
      <CardHeader
        heading={t("offers")}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={paths.serverTools(project)}>{t("seeAll")}</Link>
          </Button>
        }
      />
      <dl className="grid grid-cols-3 divide-x divide-border">
        {([
          ["tools", tools],
          ["prompts", prompts],
          ["resources", resources],
        ] as const).map(([key, offers]) => (
          <div key={key} className="px-4 py-3">
            <dt className="text-xs text-muted-foreground">{t(key)}</dt>
            <dd className="text-lg font-semibold tabular">{countOf(offers)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function Configuration({ server, project }: { server: Server; project: ServerRef }) {
  const t = useTranslations("serverOverview");
  const form = useTranslations("serverForm");
  const { may } = useAccess();
  const { transport } = server;
  return (
    <Card>
      <CardHeader
        heading={t("configuration")}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={paths.serverSettings(project)}>{t(may("manageServers") ? "change" : "seeAll")}</Link>
          </Button>
        }
      />
      <dl className="divide-y divide-border">
        <Fact label={form("alias")} mono>
          {server.alias}
        </Fact>
        <Fact label={form("type")}>{form(`types.${transport.type}`)}</Fact>
        {transport.type === "stdio" ? (
          <>
            <Fact label={form("command")} mono>
              {transport.command}
            </Fact>
            <Fact label={form("args")}>{t("hidden", { count: transport.arg_count })}</Fact>
            {transport.cwd !== null && transport.cwd !== undefined && (
              <Fact label={form("cwd")} mono>
                {transport.cwd}
              </Fact>
            )}
            <Fact label={form("env")} mono>
              {transport.env.length === 0 ? "–" : transport.env.join(", ")}
            </Fact>
          </>
        ) : (
          <>
            <Fact label={form("url")} mono>
              {transport.url}
            </Fact>
            <Fact label={form("headers")} mono>
              {transport.headers.length === 0 ? "–" : transport.headers.join(", ")}
            </Fact>
          </>
        )}
        <Fact label={form("timeout")}>{t("seconds", { count: server.timeout })}</Fact>
      </dl>
    </Card>
  );
}

function Fact({ label, mono = false, children }: { label: string; mono?: boolean; children: ReactNode }) {
  return (
    <div className="flex items-baseline gap-4 px-4 py-2 text-sm">
      <dt className="w-32 shrink-0 text-muted-foreground">{label}</dt>
      <dd className={`min-w-0 flex-1 [overflow-wrap:anywhere] ${mono ? "font-mono text-xs" : ""}`}>{children}</dd>
    </div>
  );
}
