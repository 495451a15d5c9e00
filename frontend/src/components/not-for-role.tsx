"use client";

import { LockIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { EmptyState } from "./empty-state";

/** In place of what the user's role does not show. Stands in a card, or with a border of its own. */
export function NotForRole({ reason, className }: { reason: string; className?: string }) {
  const t = useTranslations("common");
  return <EmptyState icon={LockIcon} heading={t("notForRole")} description={reason} className={className} />;
}
