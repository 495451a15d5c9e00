"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import { ActivityIcon, InfoIcon } from "lucide-react";
import { useState } from "react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { CallOutcome } from "@/components/call-outcome";
import { CalledName } from "@/components/called-name";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { lazyDialog } from "@/components/lazy-dialog";
import { ListSkeleton } from "@/components/list-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { useDuration } from "@/components/use-duration";
import type { Call } from "@/lib/data/calls";
import { paths, type ProjectRef } from "@/lib/paths";

const CallDetailsDialog = lazyDialog(() => import("@/components/call-details-dialog").then((module) => module.CallDetailsDialog));

export function RecentCalls({ calls, project }: { calls: UseQueryResult<Call[]>; project: ProjectRef }) {
  const t = useTranslations("overview");
  const [shown, setShown] = useState<Call>();
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
      {calls.data === undefined ? (
        calls.isLoadingError ? <ErrorPanel error={calls.error} onRetry={() => void calls.refetch()} /> : <ListSkeleton rows={5} />
      ) : calls.data.length === 0 ? (
        <EmptyState icon={ActivityIcon} heading={t("noCalls")} description={t("noCallsHint")} />
      ) : (
        <ul className="divide-y divide-border">
          {calls.data.map((call) => (
            <CallRow
              key={call.id}
              call={call}
              onOpen={() => {
                setShown(call);
              }}
            />
          ))}
        </ul>
      )}
      <CallDetailsDialog
        open={shown !== undefined}
        call={shown}
        onClose={() => {
          setShown(undefined);
        }}
      />
    </Card>
  );
}

function CallRow({ call, onOpen }: { call: Call; onOpen: () => void }) {
  const activity = useTranslations("activity");
  const duration = useDuration();
  return (
    <li className="flex items-center gap-3 px-4 py-2 text-sm">
      <div className="min-w-0 flex-1">
        <CalledName call={call} />
        <p className="truncate text-xs text-muted-foreground">{call.client}</p>
      </div>
      {call.outcome !== "ok" && <CallOutcome call={call} />}
      <span className="w-16 text-right text-xs text-muted-foreground tabular">
        {duration(call.duration_ms)}
      </span>
      <RelativeTime at={call.at} className="w-24 text-right text-xs text-muted-foreground max-sm:hidden" />
      <Button variant="ghost" size="icon-sm" className="-mr-1.5" aria-label={activity("detailsOf", { name: call.target })} title={activity("details")} onClick={onOpen}>
        <InfoIcon />
      </Button>
    </li>
  );
}
