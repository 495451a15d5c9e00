"use client";

import { useTranslations } from "use-intl";

import { Badge } from "@/components/ui/badge";
import type { Key } from "@/lib/data/keys";
import { ALLOWANCE_PARTS } from "@/lib/data/limits";

/** What a key reaches, and how much it may ask for where it has limits of its own, in a few words. */
export function ScopeText({ scope, limits }: Pick<Key, "scope" | "limits">) {
  const t = useTranslations("keys.scope");
  const allowance = useTranslations("allowance");
  const parts = [
    ...(scope.servers === null || scope.servers === undefined ? [] : [t("serverCount", { count: scope.servers.length })]),
    ...(scope.tools === null || scope.tools === undefined ? [] : [scope.tools.join(", ")]),
  ];
  const most = ALLOWANCE_PARTS.flatMap(([part]) => {
    const count = limits[part];
    return count === null || count === undefined ? [] : [allowance(`short.${part}`, { count })];
  });
  return (
    <div className="max-w-64">
      <span className="flex items-center gap-1.5">
        <span className="truncate text-muted-foreground">{parts.length === 0 ? t("everything") : parts.join(" · ")}</span>
        {scope.read_only && <Badge tone="outline">{t("readOnlyShort")}</Badge>}
      </span>
      {most.length > 0 && (
        <span className="block truncate text-xs text-muted-foreground" title={most.join(" · ")}>
          {most.join(" · ")}
        </span>
      )}
    </div>
  );
}
