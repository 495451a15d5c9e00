"use client";

import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";

import { PageHeader } from "@/components/page-header";
import { useRoleReason } from "@/components/use-role-reason";
import { Alert } from "@/components/ui/alert";
import { Skeleton } from "@/components/ui/skeleton";
import { useProject } from "@/lib/data/projects";
import { useProjectRef } from "@/lib/route";

import { DangerZone } from "./danger-zone";
import { FlawedToolsForm } from "./flawed-tools-form";
import { GeneralForm } from "./general-form";
import { RecordedArgumentsForm } from "./recorded-arguments-form";

/** Fetched after what stands above them. */
const RulesCard = lazy(() => import("./rules-card").then((module) => ({ default: module.RulesCard })));
const LimitsCard = lazy(() => import("./limits-card").then((module) => ({ default: module.LimitsCard })));

export function ProjectSettingsPage() {
  const t = useTranslations("projectSettings");
  const ref = useProjectRef();
  const project = useProject();
  const reason = useRoleReason("manageProject");
  return (
    <>
      <PageHeader title={t("title")} />
      {/* The address alone does not tell React that this is another project. */}
      <div key={project.id} className="grid max-w-3xl gap-5">
        {reason !== undefined && <Alert tone="info">{reason}</Alert>}
        <GeneralForm project={project} reason={reason} />
        <FlawedToolsForm project={project} reason={reason} />
        <Suspense fallback={<Skeleton className="h-40" />}>
          <RulesCard reason={reason} />
        </Suspense>
        <RecordedArgumentsForm project={project} reason={reason} />
        <Suspense fallback={<Skeleton className="h-96" />}>
          <LimitsCard project={ref} reason={reason} />
        </Suspense>
        <DangerZone project={project} reason={reason} />
      </div>
    </>
  );
}
