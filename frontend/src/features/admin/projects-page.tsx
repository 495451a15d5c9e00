"use client";

import { useQuery } from "@tanstack/react-query";
import { FolderIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useFormatter, useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Card } from "@/components/ui/card";
import { type Project, projectsQuery } from "@/lib/data/projects";
import { paths } from "@/lib/paths";

export function AdminProjectsPage() {
  return (
    <InstanceAdminsOnly>
      <Projects />
    </InstanceAdminsOnly>
  );
}

function Projects() {
  const t = useTranslations("admin");
  const nav = useTranslations("shell.nav");
  const format = useFormatter();
  const projects = useQuery(projectsQuery());
  const columns: Column<Project>[] = [
    {
      id: "name",
      header: t("project"),
      sort: (project) => project.name,
      cell: (project) => (
        <Link href={paths.project({ project: project.slug })} className="font-medium hover:underline">
          {project.name}
        </Link>
      ),
    },
    { id: "slug", header: t("slug"), sort: (project) => project.slug, cell: (project) => <span className="font-mono text-xs text-muted-foreground">{project.slug}</span>, className: "@max-lg:hidden" },
    ...(["servers", "members", "keys"] as const).map(
      (what): Column<Project> => ({
        id: what,
        header: nav(what),
        align: "right",
        sort: (project) => project.counts[what],
        cell: (project) => format.number(project.counts[what]),
        className: "@max-2xl:hidden w-28",
      }),
    ),
    { id: "created", header: t("created"), sort: (project) => project.created_at, cell: (project) => <RelativeTime at={project.created_at} className="text-muted-foreground" />, className: "@max-lg:hidden w-40" },
  ];
  return (
    <>
      <PageHeader title={t("projects")} description={t("projectsDescription")} />
      {projects.isPending ? (
        <ListSkeleton />
      ) : projects.isLoadingError ? (
        <ErrorPanel error={projects.error} onRetry={() => void projects.refetch()} />
      ) : projects.data.length === 0 ? (
        <EmptyState icon={FolderIcon} heading={t("noProjects")} />
      ) : (
        <Card>
          <DataTable label={t("projects")} columns={columns} rows={projects.data} rowId={(project) => project.id} />
        </Card>
      )}
    </>
  );
}
