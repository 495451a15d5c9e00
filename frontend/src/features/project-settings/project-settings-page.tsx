"use client";

import { useTranslations } from "use-intl";

import { PageHeader } from "@/components/page-header";
import { useRoleReason } from "@/components/use-role-reason";
import { Alert } from "@/components/ui/alert";
import { useProject } from "@/lib/data/projects";
import { useProjectRef } from "@/lib/route";

import { DangerZone } from "./danger-zone";
import { FlawedToolsForm } from "./flawed-tools-form";
import { GeneralForm } from "./general-form";
import { LimitsCard } from "./limits-card";
import { RecordedArgumentsForm } from "./recorded-arguments-form";
import { RulesCard } from "./rules-card";

export function ProjectSettingsPage() {
  const t = useTranslations("projectSettings");
  const ref = useProjectRef();
  const project = useProject();
  const reason = useRoleReason("manageProject");
  return (
    <>
      <PageHeader title={t("title")} />
      <div className="grid max-w-3xl gap-5">
        {reason !== undefined && <Alert tone="info">{reason}</Alert>}
        <GeneralForm project={project} reason={reason} />
        <FlawedToolsForm project={project} reason={reason} />
        <RulesCard reason={reason} />
        <RecordedArgumentsForm project={project} reason={reason} />
        <LimitsCard project={ref} reason={reason} />
        <DangerZone project={project} reason={reason} />
      </div>
    </>
  );
}
