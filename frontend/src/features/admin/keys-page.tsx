"use client";

import { useQueries, useQuery } from "@tanstack/react-query";
import { KeyRoundIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import type { Schemas } from "@/lib/api/client";
import { type Project, projectsQuery } from "@/lib/data/projects";
import { paths } from "@/lib/paths";

import { projectKeysQuery, usersQuery } from "./queries";

interface Row {
  key: Schemas["KeyView"];
  project: Project;
}

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
  const projects = useQuery(projectsQuery());
  const users = useQuery(usersQuery()).data ?? [];
  const all = useQueries({ queries: (projects.data ?? []).map(({ slug }) => projectKeysQuery(slug)) });
  const rows: Row[] = all.flatMap(({ data }, index) => {
    const project = projects.data?.[index];
    return project === undefined ? [] : (data ?? []).map((key) => ({ key, project }));
  });
  const emailOf = (id: string) => users.find((user) => user.id === id)?.email ?? "–";
  const columns: Column<Row>[] = [
    {
      id: "name",
      header: t("key"),
      sort: ({ key }) => key.name,
      cell: ({ key }) => (
        <span>
          <span className="flex items-center gap-2 font-medium">
            {key.name} {key.revoked_at !== null && <Badge tone="danger">{t("revoked")}</Badge>}
          </span>
          <span className="font-mono text-xs text-muted-foreground">{key.prefix}</span>
        </span>
      ),
    },
    {
      id: "project",
      header: t("project"),
      sort: ({ project }) => project.name,
      cell: ({ project }) => (
        <Link href={paths.keys({ project: project.slug })} className="hover:underline">
          {project.name}
        </Link>
      ),
    },
    { id: "creator", header: t("person"), sort: ({ key }) => emailOf(key.creator_id), cell: ({ key }) => emailOf(key.creator_id), className: "max-md:hidden" },
    { id: "used", header: t("lastUsed"), sort: ({ key }) => key.last_used_at ?? "", cell: ({ key }) => (key.last_used_at === null ? <span className="text-muted-foreground">{t("neverUsed")}</span> : <RelativeTime at={key.last_used_at} />), className: "max-sm:hidden" },
  ];
  const failed = all.find(({ isError }) => isError);
  return (
    <>
      <PageHeader title={t("keys")} description={t("keysDescription")} />
      {projects.isPending || all.some(({ isPending }) => isPending) ? (
        <ListSkeleton />
      ) : projects.isError || failed !== undefined ? (
        <ErrorPanel error={projects.error ?? failed?.error} onRetry={() => void projects.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState icon={KeyRoundIcon} heading={t("noKeys")} />
      ) : (
        <Card>
          <DataTable label={t("keys")} columns={columns} rows={rows} rowId={({ key }) => key.id} isMuted={({ key }) => key.revoked_at !== null} />
        </Card>
      )}
    </>
  );
}
