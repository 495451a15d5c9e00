"use client";

import { queryOptions, useQuery } from "@tanstack/react-query";
import { CircleAlertIcon, CircleCheckIcon, CircleDashedIcon, TriangleAlertIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { PageHeader } from "@/components/page-header";
import { PageSkeleton } from "@/components/page-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Alert } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { cn } from "@/lib/cn";
import { type ServerState, severity } from "@/lib/data/server-states";

import { damagedRecords, failingServers, type Health, healthOf, journalHealth, type System } from "./health";
import { InstanceLimitsCard } from "./limits-card";
import { systemQuery } from "./queries";

export function SystemPage() {
  return (
    <InstanceAdminsOnly>
      <SystemState />
    </InstanceAdminsOnly>
  );
}

/** How the instance is: its parts, its database, what waits, its keys. */
function SystemState() {
  const t = useTranslations("system");
  const system = useQuery(queryOptions({ ...systemQuery(), refetchInterval: 5_000 }));
  if (system.isPending) return <PageSkeleton />;
  if (system.isLoadingError) return <ErrorPanel error={system.error} onRetry={() => void system.refetch()} />;
  const state = system.data;
  return (
    <>
      <PageHeader
        title={t("title")}
        badge={<HealthBadge health={healthOf(state)} />}
        description={
          <>
            {t("version", { version: state.version })} {t("started")} <RelativeTime at={state.started_at} />
          </>
        }
      />
      <Parts state={state} />
      <div className="mt-5">
        <InstanceLimitsCard />
      </div>
    </>
  );
}

function Parts({ state }: { state: System }) {
  const t = useTranslations("system");
  const serverState = useTranslations("serverState");
  const format = useFormatter();
  const workerName = useTranslations("system.worker");
  const { database, journal, fleet, encryption, workers } = state;
  const failing = failingServers(state);
  return (
    <div className="grid gap-5 md:grid-cols-2">
      <Part name={t("database")} health={database.healthy ? "good" : "bad"} problem={database.error}>
        <Fact name={t("kind")}>{database.kind === "sqlite" ? "SQLite" : "PostgreSQL"}</Fact>
        <Fact name={t("latency")}>{database.latency_ms === null ? "–" : `${format.number(database.latency_ms, { maximumFractionDigits: 1 })} ms`}</Fact>
        <Fact name={t("users")}>{format.number(state.users)}</Fact>
        <Fact name={t("projects")}>{format.number(state.projects)}</Fact>
      </Part>
      <Part name={t("journal")} health={journalHealth(journal)} problem={journal.refusing ?? journal.last_error}>
        <Fact name={t("waiting")}>{format.number(journal.waiting_records)}</Fact>
        <Fact name={t("size")}>
          {bytes(journal.waiting_bytes, format)} / {bytes(journal.max_bytes, format)}
        </Fact>
        <Fact name={t("oldest")}>{journal.oldest === null ? "–" : <RelativeTime at={journal.oldest} />}</Fact>
        <Fact name={t("damaged")}>{format.number(damagedRecords(journal))}</Fact>
      </Part>
      <Part name={t("fleet")} health={failing > 0 ? "doubtful" : "good"} problem={failing > 0 ? t("failingHint", { count: failing }) : null}>
        {[...fleet.servers].sort(bySeverity).map(({ state: name, count }) => (
          <Fact key={name} name={serverState.has(name as "ready") ? serverState(name as "ready") : name}>
            {format.number(count)}
          </Fact>
        ))}
        <Fact name={t("inFlight")}>{format.number(fleet.calls_in_flight)}</Fact>
        <Fact name={t("sessions")}>{format.number(state.sessions)}</Fact>
      </Part>
      <Part name={t("encryption")} health={encryption.stale_secrets > 0 ? "doubtful" : "good"} problem={encryption.stale_secrets > 0 ? t("staleHint", { count: encryption.stale_secrets }) : null}>
        <Fact name={t("secrets")}>{format.number(encryption.secrets)}</Fact>
        <Fact name={t("keys")}>
          <span className="font-mono text-xs [overflow-wrap:anywhere]">{encryption.key_ids.join(", ")}</span>
        </Fact>
      </Part>
      <Card className="md:col-span-2">
        <CardHeader heading={t("workers")} />
        <ul className="divide-y divide-border">
          {workers.map((worker) => (
            <li key={worker.name} className="flex flex-wrap items-center gap-x-3 gap-y-0.5 px-4 py-2 text-sm">
              <Mark health={worker.last_run === null ? "unknown" : worker.healthy ? "good" : "bad"} />
              <span>{workerName.has(worker.name as "retention") ? workerName(worker.name as "retention") : worker.name}</span>
              {worker.last_error !== null && <span className="text-danger [overflow-wrap:anywhere]">{worker.last_error}</span>}
              <span className="ml-auto text-xs text-muted-foreground">{worker.last_run === null ? t("notYet") : <RelativeTime at={worker.last_run} />}</span>
            </li>
          ))}
        </ul>
      </Card>
    </div>
  );
}

/** As in lists of servers: what fails comes first. */
function bySeverity(a: { state: string }, b: { state: string }): number {
  return severity(a.state as ServerState) - severity(b.state as ServerState);
}

function bytes(count: number, format: ReturnType<typeof useFormatter>): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"] as const;
  const at = Math.min(units.length - 1, count < 1 ? 0 : Math.floor(Math.log10(count) / 3));
  return format.number(count / 1000 ** at, { style: "unit", unit: units[at], unitDisplay: at === 0 ? "long" : "short", maximumFractionDigits: 1 });
}

const TONES = { good: "success", doubtful: "warning", bad: "danger", unknown: "neutral" } as const;
const MARKS = {
  good: [CircleCheckIcon, "text-success"],
  doubtful: [TriangleAlertIcon, "text-warning"],
  bad: [CircleAlertIcon, "text-danger"],
  unknown: [CircleDashedIcon, "text-muted-foreground"],
} as const;

function HealthBadge({ health }: { health: Health }) {
  const t = useTranslations("system.health");
  return <Badge tone={TONES[health]}>{t(health)}</Badge>;
}

function Mark({ health }: { health: Health }) {
  const t = useTranslations("system.health");
  const [Icon, color] = MARKS[health];
  return <Icon role="img" aria-label={t(health)} className={cn("size-4 shrink-0", color)} />;
}

function Part({ name, health, problem, children }: { name: string; health: Health; problem?: string | null; children: ReactNode }) {
  return (
    <Card>
      <CardHeader heading={name} actions={<Mark health={health} />} />
      <CardBody className="grid gap-3">
        {problem !== undefined && problem !== null && <Alert tone={health === "bad" ? "danger" : "warning"}>{problem}</Alert>}
        <dl className="grid grid-cols-2 gap-x-4 gap-y-2 text-sm">{children}</dl>
      </CardBody>
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-xs text-muted-foreground">{name}</dt>
      <dd className="font-medium tabular">{children}</dd>
    </div>
  );
}
