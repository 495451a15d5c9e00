"use client";

import { useTranslations } from "use-intl";

import { Badge } from "@/components/ui/badge";
import type { Key } from "@/lib/data/keys";

/** What a key reaches, in a few words. */
export function ScopeText({ scope }: { scope: Key["scope"] }) {
  const t = useTranslations("keys.scope");
  const parts = [
    ...(scope.servers === null || scope.servers === undefined ? [] : [t("serverCount", { count: scope.servers.length })]),
    ...(scope.tools === null || scope.tools === undefined ? [] : [scope.tools.join(", ")]),
  ];
  return (
    <span className="flex max-w-64 items-center gap-1.5">
      <span className="truncate text-muted-foreground">{parts.length === 0 ? t("everything") : parts.join(" · ")}</span>
      {scope.read_only && <Badge tone="outline">{t("readOnlyShort")}</Badge>}
    </span>
  );
}
