"use client";

import { LockIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { useMe } from "@/lib/data/session";

import { EmptyState } from "./empty-state";

/** A page of the instance; who is no instance admin is told so. */
export function InstanceAdminsOnly({ children }: { children: ReactNode }) {
  const t = useTranslations("admin");
  if (useMe().instance_admin) return children;
  return <EmptyState icon={LockIcon} heading={t("notForYou")} description={t("needsInstanceAdmin")} />;
}
