"use client";

import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";

import { TimeBars } from "@/components/time-bars";
import { Card, CardBody } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useDuration } from "@/components/use-duration";
import { cn } from "@/lib/cn";
import { isFailing } from "@/lib/data/server-states";
import type { Server } from "@/lib/data/servers";
import { lastDayUsageQuery } from "@/lib/data/usage";
import type { ProjectRef } from "@/lib/paths";
import { everyStep } from "@/lib/time-steps";

/** The project in five numbers, and its last day. */
export function UsageCard({ project, servers }: { project: ProjectRef; servers: Server[] }) {
  const t = useTranslations("overview.stat");
  const format = useFormatter();
  const duration = useDuration();
  const { data } = useQuery(lastDayUsageQuery(project));
  const total = data?.total;
  const number = (value: number | null | undefined) =>
    value === undefined || value === null ? "–" : format.number(value, { notation: value < 100_000 ? "standard" : "compact", maximumFractionDigits: 1 });
  const failing = servers.filter((server) => isFailing(server.status.state)).length;
  const stats = [
    [t("running"), number(servers.filter((server) => server.status.state === "ready").length), false],
    [t("failing"), number(failing), failing > 0],
    [t("calls"), number(total?.calls), false],
    [t("errors"), number(total?.errors), (total?.errors ?? 0) > 0],
    [t("p95"), total?.p95_ms === null || total === undefined ? "–" : duration(total.p95_ms), false],
  ] as const;
  return (
    <Card>
      <dl className="grid grid-cols-2 sm:grid-cols-5 sm:divide-x sm:divide-border">
        {stats.map(([label, value, isBad]) => (
          <div key={label} className="px-4 py-3">
            <dt className="truncate text-xs text-muted-foreground">{label}</dt>
            <dd className={cn("text-xl font-semibold tracking-tight tabular", isBad && "text-danger")}>{value}</dd>
          </div>
        ))}
      </dl>
      <CardBody className="border-t border-border">
        {data === undefined ? <Skeleton className="h-40" /> : <TimeBars label={t("chart")} bars={everyStep(data)} step={data.step} />}
      </CardBody>
    </Card>
  );
}
