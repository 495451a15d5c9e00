"use client";

import { useTranslations } from "use-intl";

import type { Action } from "@/lib/access";
import { useAccess } from "@/lib/data/projects";

/** Why the user may not do an action in the project of the URL; undefined where it is allowed. */
export function useRoleReason(action: Action): string | undefined {
  const t = useTranslations("common");
  const role = useAccess().needed(action);
  return role === undefined ? undefined : t("needsRole", { role });
}
