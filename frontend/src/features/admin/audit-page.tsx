"use client";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ScrollTextIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { AuditRows } from "@/components/audit-rows";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { ListSkeleton } from "@/components/list-skeleton";
import { LoadMore } from "@/components/load-more";
import { PageHeader } from "@/components/page-header";
import { Card } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { useSearchParam } from "@/lib/search-param";

import { instanceAuditQuery, usersQuery } from "./queries";

export function AdminAuditPage() {
  return (
    <InstanceAdminsOnly>
      <Entries />
    </InstanceAdminsOnly>
  );
}

function Entries() {
  const t = useTranslations("admin");
  const entries = useInfiniteQuery(instanceAuditQuery());
  const users = useQuery(usersQuery()).data ?? [];
  const [sought, seek] = useSearchParam("q");
  const nameOf = (id: string | null) => users.find((user) => user.id === id)?.email;
  if (entries.isPending) return <ListSkeleton rows={12} />;
  if (entries.isError) return <ErrorPanel error={entries.error} onRetry={() => void entries.refetch()} />;
  const all = entries.data.pages.flatMap((page) => page.items);
  const rows = all.filter((entry) => `${entry.action} ${entry.target.name} ${entry.detail} ${nameOf(entry.user_id) ?? ""}`.toLowerCase().includes(sought.toLowerCase()));
  return (
    <>
      <PageHeader title={t("audit")} description={t("auditDescription")} />
      {all.length === 0 ? (
        <EmptyState icon={ScrollTextIcon} heading={t("noEntries")} />
      ) : (
        <>
          <Input
            type="search"
            aria-label={t("filter")}
            placeholder={t("filter")}
            className="mb-3 max-w-72"
            value={sought}
            onChange={(event) => {
              seek(event.target.value);
            }}
          />
          <Card>
            {rows.length === 0 ? (
              <p className="px-4 py-10 text-center text-sm text-muted-foreground">{t(entries.hasNextPage ? "noMatchAmongShown" : "noMatch")}</p>
            ) : (
              <AuditRows entries={rows} nameOf={nameOf} />
            )}
            <LoadMore {...entries} />
          </Card>
        </>
      )}
    </>
  );
}
