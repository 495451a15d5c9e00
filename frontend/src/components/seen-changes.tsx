"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { ActivityIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { changesQuery } from "@/lib/data/activity";
import { useNames } from "@/lib/data/members";
import type { ProjectRef } from "@/lib/paths";

import { AuditRows } from "./audit-rows";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";

interface SeenChangesProps {
  project: ProjectRef;
  /** So many at first, and with each press for more; without `more`, so many. */
  limit: number;
  more?: boolean;
}

/** What became of servers and people: all of the trail that who does not inspect the project may see. Stands in a card. */
export function SeenChanges({ project, limit, more = false }: SeenChangesProps) {
  const t = useTranslations("activity");
  const changes = useInfiniteQuery(changesQuery(project, limit));
  // The trail tells its addresses to those who inspect; who is a member is no secret.
  const nameOf = useNames(project);
  if (changes.isPending) return <ListSkeleton rows={5} />;
  if (changes.isLoadingError) return <ErrorPanel error={changes.error} onRetry={() => void changes.refetch()} />;
  const rows = changes.data.pages.flatMap((page) => page.items).filter((item) => item.type === "change");
  if (rows.length === 0) return <EmptyState icon={ActivityIcon} heading={t("noChanges")} />;
  return (
    <>
      <AuditRows entries={rows.map((entry) => ({ ...entry, user_email: nameOf(entry.user_id) ?? entry.user_email }))} />
      {more && <LoadMore {...changes} />}
    </>
  );
}
