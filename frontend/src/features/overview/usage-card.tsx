"use client";

import { useQuery } from "@tanstack/react-query";
import { useFormatter, useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { TimeBars } from "@/components/time-bars";
import { Card, CardBody } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useDuration } from "@/components/use-duration";
import { cn } from "@/lib/cn";
import { useAccess } from "@/lib/data/projects";
import { isFailing } from "@/lib/data/server-states";
import type { Server } from "@/lib/data/servers";
import { lastDayUsageQuery } from "@/lib/data/usage";
import { paths, type ProjectRef } from "@/lib/paths";
import { everyStep } from "@/lib/time-steps";

/** The project in five numbers, and its last day. */
export function UsageCard({ project, servers }: { project: ProjectRef; servers: Server[] }) {
  const t = useTranslations("overview.stat");
  const format = useFormatter();
  const duration = useDuration();
  const { may } = useAccess();
  const { data } = useQuery(lastDayUsageQuery(project));
  const total = data?.total;
  const number = (value: number | null | undefined) =>
    value === undefined || value === null ? "–" : format.number(value, { notation: value < 100_000 ? "standard" : "compact", maximumFractionDigits: 1 });
  const failing = servers.filter((server) => isFailing(server.status.state)).length;
  // Who does not inspect finds only own calls there, which are not those that are counted.
  const errors =
    may("inspect") && total !== undefined && total.errors > 0 ? (
      <Link href={paths.activity(project, { outcome: "failed", since: data?.from })} className="underline decoration-border underline-offset-4 hover:decoration-foreground">
        {number(total.errors)}
      </Link>
    ) : (
      number(total?.errors)
    );
  const stats = [
    { label: t("running"), value: number(servers.filter((server) => server.status.state === "ready").length) },
    { label: t("failing"), value: number(failing), isBad: failing > 0 },
    { label: t("calls"), value: number(total?.calls) },
    { label: t("errors"), value: errors },
    { label: t("p95"), value: total?.p95_ms === null || total === undefined ? "–" : duration(total.p95_ms) },
  ];
  return (
    <Card>
      <dl className="grid grid-cols-2 sm:grid-cols-5 sm:divide-x sm:divide-border">
        {stats.map(({ label, value, isBad = false }) => (
          <div key={label} className="flex flex-col justify-between px-4 py-3">
            <dt className="text-xs text-balance text-muted-foreground">{label}</dt>
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
