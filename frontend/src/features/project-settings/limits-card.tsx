"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { LimitsForm } from "@/components/limits-form";
import { Skeleton } from "@/components/ui/skeleton";
import { limitsQuery } from "@/lib/data/limits";
import type { ProjectRef } from "@/lib/paths";

import { usePutLimits } from "./mutations";

/** How much may be asked for in this project. */
export function LimitsCard({ project, reason }: { project: ProjectRef; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const limits = useQuery(limitsQuery(project));
  const put = usePutLimits(project);
  if (limits.isPending) return <Skeleton className="h-96" />;
  if (limits.isLoadingError) return <ErrorPanel error={limits.error} onRetry={() => void limits.refetch()} />;
  return <LimitsForm view={limits.data} description={t("limitsDescription")} reason={reason} mutation={put} />;
}
