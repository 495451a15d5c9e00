"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { LimitsForm } from "@/components/limits-form";
import { Skeleton } from "@/components/ui/skeleton";

import { usePutInstanceLimits } from "./mutations";
import { instanceLimitsQuery } from "./queries";

/** What holds in every project that says nothing itself. */
export function InstanceLimitsCard() {
  const t = useTranslations("system");
  const limits = useQuery(instanceLimitsQuery());
  const put = usePutInstanceLimits();
  if (limits.isPending) return <Skeleton className="h-96" />;
  if (limits.isLoadingError) return <ErrorPanel error={limits.error} onRetry={() => void limits.refetch()} />;
  return <LimitsForm view={limits.data} description={t("limitsDescription")} reason={undefined} mutation={put} />;
}
