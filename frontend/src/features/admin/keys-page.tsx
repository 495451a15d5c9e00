"use client";

import { useQuery } from "@tanstack/react-query";
import { KeyRoundIcon } from "lucide-react";
import { useNow, useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { Link } from "@/components/link";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import { paths } from "@/lib/paths";

import { type InstanceKey, instanceKeysQuery } from "./queries";

export function AdminKeysPage() {
  return (
    <InstanceAdminsOnly>
      <Keys />
    </InstanceAdminsOnly>
  );
}

/** The keys of all projects, which are managed where they belong to. */
function Keys() {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  const now = useNow({ updateInterval: 30_000 });
  const keys = useQuery(instanceKeysQuery());
  const columns: Column<InstanceKey>[] = [
    {
      id: "name",
      header: t("key"),
      sort: (key) => key.name,
      cell: (key) => (
        <span>
          <span className="flex items-center gap-2 font-medium">
            {key.name}
            {key.revoked_at !== null ? (
              <Badge tone="danger">{t("revoked")}</Badge>
            ) : (
              key.expires_at !== null && new Date(key.expires_at) <= now && <Badge tone="neutral">{t("expired")}</Badge>
            )}
          </span>
          <span className="font-mono text-xs text-muted-foreground">{key.prefix}…</span>
        </span>
      ),
    },
    {
      id: "project",
      header: t("project"),
      sort: (key) => key.project.name,
      cell: (key) => (
        <Link href={paths.keys({ project: key.project.slug })} className="hover:underline">
          {key.project.name}
        </Link>
      ),
    },
    {
      id: "creator",
      header: t("person"),
      sort: (key) => key.creator.email,
      cell: (key) => (
        <span className="flex items-center gap-2">
          <span className="max-w-64 truncate" title={key.creator.name}>{key.creator.email}</span>
          {!key.creator.active && <Badge tone="warning">{t("deactivated")}</Badge>}
        </span>
      ),
      className: "@max-2xl:hidden",
    },
    {
      id: "used",
      header: t("lastUsed"),
      sort: (key) => key.last_used_at ?? "",
      cell: (key) =>
        key.last_used_at === null ? <span className="text-muted-foreground">{common("never")}</span> : <RelativeTime at={key.last_used_at} />,
      className: "@max-lg:hidden",
    },
  ];
  return (
    <>
      <PageHeader title={t("keys")} description={t("keysDescription")} />
      {keys.isPending ? (
        <ListSkeleton />
      ) : keys.isLoadingError ? (
        <ErrorPanel error={keys.error} onRetry={() => void keys.refetch()} />
      ) : keys.data.length === 0 ? (
        <EmptyState icon={KeyRoundIcon} heading={t("noKeys")} />
      ) : (
        <Card>
          <DataTable label={t("keys")} columns={columns} rows={keys.data} rowId={(key) => key.id} isMuted={(key) => key.revoked_at !== null} />
        </Card>
      )}
    </>
  );
}
