"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import { ActivityIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useFormatter, useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { type Call, hasFailed } from "@/lib/data/calls";
import { useAccess } from "@/lib/data/projects";
import { paths, type ProjectRef } from "@/lib/paths";

const OUTCOMES = ["ok", "tool_error", "rpc_error", "unavailable", "timeout", "refused", "limited", "cancelled", "abandoned"] as const;

export function RecentCalls({ calls, project }: { calls: UseQueryResult<Call[]>; project: ProjectRef }) {
  const t = useTranslations("overview");
  const { may } = useAccess();
  return (
    <Card>
      <CardHeader
        heading={t("activity")}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={paths.activity(project)}>{t("seeAll")}</Link>
          </Button>
        }
      />
      {!may("useOwnKeys") ? (
        <EmptyState icon={ActivityIcon} heading={t("notYours")} />
      ) : calls.data === undefined ? (
        calls.isError ? <ErrorPanel error={calls.error} onRetry={() => void calls.refetch()} /> : <ListSkeleton rows={5} />
      ) : calls.data.length === 0 ? (
        <EmptyState icon={ActivityIcon} heading={t("noCalls")} description={t("noCallsHint")} />
      ) : (
        <ul className="divide-y divide-border">
          {calls.data.map((call) => (
            <CallRow key={call.id} call={call} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function CallRow({ call }: { call: Call }) {
  const t = useTranslations("overview");
  const format = useFormatter();
  const outcome = OUTCOMES.find((known) => known === call.outcome) ?? "rpc_error";
  const ms = call.duration_ms;
  return (
    <li className="flex items-center gap-3 px-4 py-2 text-sm">
      <div className="min-w-0 flex-1">
        <p className="truncate font-mono text-xs">
          <span className="text-muted-foreground">{call.server}</span> {call.target}
        </p>
        <p className="truncate text-xs text-muted-foreground">{call.client}</p>
      </div>
      {hasFailed(call) && <Badge tone="danger">{t(`outcome.${outcome}`)}</Badge>}
      {!hasFailed(call) && outcome !== "ok" && <Badge>{t(`outcome.${outcome}`)}</Badge>}
      <span className="w-16 text-right text-xs text-muted-foreground tabular">
        {ms < 1000
          ? t("milliseconds", { count: format.number(ms, { maximumFractionDigits: ms < 10 ? 1 : 0 }) })
          : t("seconds", { count: format.number(ms / 1000, { maximumFractionDigits: 1 }) })}
      </span>
      <RelativeTime at={call.at} className="w-24 text-right text-xs text-muted-foreground max-sm:hidden" />
    </li>
  );
}
