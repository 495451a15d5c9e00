"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { DownloadIcon, ScrollTextIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { AuditRows } from "@/components/audit-rows";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListBar } from "@/components/list-bar";
import { ListSkeleton } from "@/components/list-skeleton";
import { LoadMore } from "@/components/load-more";
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
            <AuditRows entries={rows} nameOf={nameOf} />
          )}
          <LoadMore {...entries} />
        </Card>
      )}
    </>
  );
}
