"use client";

import { useTranslations } from "use-intl";

import { PageHeader } from "@/components/page-header";
import { useRoleReason } from "@/components/use-role-reason";
import { Alert } from "@/components/ui/alert";
import { useProject } from "@/lib/data/projects";

import { DangerZone } from "./danger-zone";
import { GeneralForm } from "./general-form";
import { RulesCard } from "./rules-card";

export function ProjectSettingsPage() {
  const t = useTranslations("projectSettings");
  const project = useProject();
  const reason = useRoleReason("manageProject");
  return (
    <>
      <PageHeader title={t("title")} />
      <div className="grid max-w-3xl gap-5">
        {reason !== undefined && <Alert tone="info">{reason}</Alert>}
        <GeneralForm key={`general-${project.version}`} project={project} reason={reason} />
        <RulesCard reason={reason} />
        <DangerZone project={project} reason={reason} />
      </div>
    </>
  );
}
