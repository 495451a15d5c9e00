"use client";

import { useQuery } from "@tanstack/react-query";
import { ActivityIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { AuditRows } from "@/components/audit-rows";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { Card, CardHeader } from "@/components/ui/card";
import { recentChangesQuery } from "@/lib/data/activity";
import { useNames } from "@/lib/data/members";
import type { ProjectRef } from "@/lib/paths";

/** What became of servers and people: the activity of who does not see calls. */
export function RecentChanges({ project }: { project: ProjectRef }) {
  const t = useTranslations("overview");
  const changes = useQuery(recentChangesQuery(project, 10));
  // The trail tells its addresses to those who inspect; who is a member is no secret.
  const nameOf = useNames(project);
  return (
    <Card>
      <CardHeader heading={t("changes")} />
      {changes.data === undefined ? (
        changes.isLoadingError ? <ErrorPanel error={changes.error} onRetry={() => void changes.refetch()} /> : <ListSkeleton rows={5} />
      ) : changes.data.length === 0 ? (
        <EmptyState icon={ActivityIcon} heading={t("noChanges")} />
      ) : (
        <AuditRows entries={changes.data.map((entry) => ({ ...entry, user_email: nameOf(entry.user_id) ?? entry.user_email }))} />
      )}
    </Card>
  );
}
