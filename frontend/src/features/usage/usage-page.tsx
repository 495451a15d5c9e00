"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { ChartColumnIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useFormatter, useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { RefusedLink } from "@/components/refused-link";
import { Segmented } from "@/components/segmented";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useDuration } from "@/components/use-duration";
import { useAccess } from "@/lib/data/projects";
import { serverQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { BarChart } from "./bar-chart";
import { type Rank, type Span, SPANS, topToolsQuery, type Usage, usageQuery } from "./queries";
import { bars } from "./series";
import { SessionsCard } from "./sessions-card";

/** How much a server is used, how quick it is and how often it fails. */
export function UsagePage() {
  const t = useTranslations("usage");
  const router = useRouter();
  const ref = useServerRef();
  const asked = useSearchParams().get("span");
  const span = SPANS.find((known) => known === asked) ?? "24h";
  const { data: server } = useSuspenseQuery(serverQuery(ref));
  const usage = useQuery(usageQuery(ref, { server: server.id, span }));
  const mayCall = useAccess().may("call");
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("description")}
        actions={
          <Segmented
            label={t("span")}
            value={span}
            options={SPANS.map((other) => ({ value: other, label: t(`spans.${other}`) }))}
            onChange={(next) => {
              router.replace(`${paths.serverUsage(ref)}?span=${next}`, { scroll: false });
            }}
          />
        }
      />
      {usage.isPending ? (
        <Skeleton className="h-64" />
      ) : usage.isLoadingError ? (
        <ErrorPanel error={usage.error} onRetry={() => void usage.refetch()} />
      ) : usage.data.total.calls === 0 ? (
        <EmptyState
          icon={ChartColumnIcon}
          heading={t("nothing")}
          description={t(mayCall ? "nothingHint" : "nothingYet")}
          actions={
            mayCall && (
              <Button asChild>
                <Link href={paths.playground(ref)}>{t("tryIt")}</Link>
              </Button>
            )
          }
        />
      ) : (
        <div className="grid gap-5">
          <div className="grid gap-1.5">
            <Figures total={usage.data.total} />
            <p className="text-xs text-muted-foreground">{t.rich("refused", { link: (chunks) => <RefusedLink>{chunks}</RefusedLink> })}</p>
          </div>
          <div className="grid gap-5 lg:grid-cols-2">
            <Chart usage={usage.data} what="calls" />
            <Chart usage={usage.data} what="p95" />
          </div>
          <TopTools server={server.id} span={span} />
        </div>
      )}
      <div className="mt-5">
        <SessionsCard project={ref} />
      </div>
    </>
  );
}

function Chart({ usage, what }: { usage: Usage; what: "calls" | "p95" }) {
  const t = useTranslations("usage");
  return (
    <Card>
      <CardHeader heading={t(`chart.${what}`)} />
      <CardBody>
        <BarChart bars={bars(usage)} step={usage.step} what={what} label={t(`chartLabel.${what}`)} />
      </CardBody>
    </Card>
  );
}

function Figures({ total }: { total: Usage["total"] }) {
  const t = useTranslations("usage");
  const format = useFormatter();
  const duration = useDuration();
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  const share = total.calls === 0 ? 0 : total.errors / total.calls;
  const all = [
    [t("calls"), format.number(total.calls)],
    [t("errors"), `${format.number(total.errors)} (${format.number(share, { style: "percent", maximumFractionDigits: 1 })})`],
    [t("p50"), ms(total.p50_ms)],
    [t("p95"), ms(total.p95_ms)],
    [t("p99"), ms(total.p99_ms)],
    [t("max"), ms(total.max_ms)],
  ] as const;
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border border-border bg-border sm:grid-cols-3 lg:grid-cols-6">
      {all.map(([name, value]) => (
        <div key={name} className="bg-card px-4 py-3">
          <dt className="text-xs text-muted-foreground">{name}</dt>
          <dd className="text-lg font-semibold tabular">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function TopTools({ server, span }: { server: string; span: Span }) {
  const t = useTranslations("usage");
  const format = useFormatter();
  const duration = useDuration();
  const ref = useServerRef();
  const top = useQuery(topToolsQuery(ref, { server, span }));
  if (top.isPending) return <ListSkeleton rows={4} />;
  if (top.isLoadingError) return <ErrorPanel error={top.error} onRetry={() => void top.refetch()} />;
  const ms = (value: number | null) => (value === null ? "–" : duration(value));
  const columns: Column<Rank>[] = [
    {
      id: "name",
      header: t("tool"),
      sort: (rank) => rank.label,
      cell: (rank) =>
        rank.is_rest ? (
          t("rest")
        ) : (
          <Link href={paths.serverTools(ref, { kind: rank.kind ?? undefined, name: rank.label })} className="font-mono text-xs [overflow-wrap:anywhere] hover:underline">
            {rank.label}
          </Link>
        ),
    },
    { id: "calls", header: t("calls"), align: "right", sort: (rank) => rank.calls, cell: (rank) => format.number(rank.calls) },
    { id: "errors", header: t("errors"), align: "right", sort: (rank) => rank.errors, cell: (rank) => <span className={rank.errors > 0 ? "text-danger" : undefined}>{format.number(rank.errors)}</span> },
    { id: "p50", header: t("p50"), align: "right", sort: (rank) => rank.p50_ms ?? 0, cell: (rank) => ms(rank.p50_ms), className: "@max-xl:hidden" },
    { id: "p95", header: t("p95"), align: "right", sort: (rank) => rank.p95_ms ?? 0, cell: (rank) => ms(rank.p95_ms), className: "@max-lg:hidden" },
  ];
  return (
    <Card>
      <CardHeader heading={t("tools")} />
      <DataTable label={t("tools")} columns={columns} rows={top.data.items} rowId={(rank) => `${rank.kind} ${rank.label} ${rank.is_rest}`} />
    </Card>
  );
}
