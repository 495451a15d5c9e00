"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { AuditTrail } from "@/components/audit-trail";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { PageHeader } from "@/components/page-header";
import { projectsQuery } from "@/lib/data/projects";

import { usersQuery } from "./queries";

export function AdminAuditPage() {
  return (
    <InstanceAdminsOnly>
      <Trail />
    </InstanceAdminsOnly>
  );
}

function Trail() {
  const t = useTranslations("admin");
  const people = (useQuery(usersQuery()).data ?? []).map((user) => ({ id: user.id, name: user.email }));
  const projects = useQuery(projectsQuery()).data?.map((project) => ({ id: project.id, name: project.slug }));
  return (
    <>
      <PageHeader title={t("audit")} description={t("auditDescription")} />
      <AuditTrail people={people} projects={projects} />
    </>
  );
}
