"use client";

import { useTranslations } from "use-intl";

/** What the tab says: the page first, then what it belongs to. */
export function PageTitle({ parts }: { parts: string[] }) {
  const t = useTranslations("common");
  return <title>{[...parts, t("appName")].join(" · ")}</title>;
}
