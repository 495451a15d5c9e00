"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { DownloadIcon, ScrollTextIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListBar } from "@/components/list-bar";
import { ListSkeleton } from "@/components/list-skeleton";
import { LoadMore } from "@/components/load-more";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { activityQuery, type AuditEntry } from "@/lib/data/activity";
import { useNames } from "@/lib/data/members";
import { downloadText } from "@/lib/download";
import { csv } from "@/lib/csv";
import { useProjectRef } from "@/lib/route";

interface AuditListProps {
  sought: string;
  isLive: boolean;
  /** What narrows it by words. */
  filter: ReactNode;
  /** What stops and resumes it. */
  live: ReactNode;
}

/** What people changed, the newest first. */
export function AuditList({ sought, isLive, filter, live }: AuditListProps) {
  const t = useTranslations("activity");
  const ref = useProjectRef();
  const nameOf = useNames(ref);
  const entries = useInfiniteQuery(activityQuery(ref, { type: "change", search: sought, outcome: "", isLive }));
  const rows: AuditEntry[] = entries.data?.pages.flatMap((page) => page.items).filter((item) => item.type === "change") ?? [];
  const save = () => {
    const head = ["at", "action", "target", "name", "detail", "user", "via"];
    const body = rows.map((entry) => [entry.at, entry.action, entry.target.kind, entry.target.name, entry.detail, nameOf(entry.user_id) ?? entry.user_id, entry.via]);
    downloadText("changes.csv", csv([head, ...body]), "text/csv");
  };
  return (
    <>
      <ListBar
        end={
          <>
            {live}
            <Button size="sm" disabled={rows.length === 0} onClick={save}>
              <DownloadIcon aria-hidden /> {t("export")}
            </Button>
          </>
        }
      >
        {filter}
        {rows.length > 0 && <span className="text-sm text-muted-foreground tabular">{t("count", { count: rows.length })}</span>}
      </ListBar>
      {entries.isPending ? (
        <ListSkeleton rows={10} />
      ) : entries.isError ? (
        <ErrorPanel error={entries.error} onRetry={() => void entries.refetch()} />
      ) : rows.length === 0 && sought === "" ? (
        <EmptyState icon={ScrollTextIcon} heading={t("noChanges")} className="rounded-lg border border-dashed border-border" />
      ) : (
        <Card>
          {rows.length === 0 ? (
            <p className="px-4 py-10 text-center text-sm text-muted-foreground">{t("noMatch")}</p>
          ) : (
            <ul className="divide-y divide-border">
              {rows.map((entry) => (
                <li key={entry.id} className="row-in-sight flex flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2 text-sm">
                  <span className="font-medium">{nameOf(entry.user_id) ?? t(`via.${entry.via as "login"}`)}</span>
                  <Badge tone={entry.action === "access.refuse" ? "warning" : "outline"} className="font-mono">
                    {entry.action}
                  </Badge>
                  <span className="min-w-0 [overflow-wrap:anywhere]">{entry.target.name}</span>
                  {entry.detail !== "" && <span className="min-w-0 text-muted-foreground [overflow-wrap:anywhere]">{entry.detail}</span>}
                  <RelativeTime at={entry.at} className="ml-auto text-xs text-muted-foreground" />
                </li>
              ))}
            </ul>
          )}
          <LoadMore {...entries} />
        </Card>
      )}
    </>
  );
}
