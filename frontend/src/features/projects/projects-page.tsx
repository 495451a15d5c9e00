"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import Link from "next/link";
import { useTranslations } from "use-intl";

import { PageHeader } from "@/components/page-header";
import { projectsQuery } from "@/lib/data/projects";
import { paths } from "@/lib/paths";

export function ProjectsPage() {
  const t = useTranslations("shell.nav");
  const { data } = useSuspenseQuery(projectsQuery());
  return (
    <>
      <PageHeader title={t("projects")} />
      <ul>
        {data.map((project) => (
          <li key={project.id}>
            <Link href={paths.project({ project: project.slug })}>{project.name}</Link>
          </li>
        ))}
      </ul>
    </>
  );
}
