"use client";

import { ArrowRightIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { Alert } from "@/components/ui/alert";
import { CardBody } from "@/components/ui/card";
import type { Schemas } from "@/lib/api/client";
import { useNames } from "@/lib/data/members";
import { useProjectRef } from "@/lib/route";

/** What the rules as they stand here would have made of the calls of the past. */
export function TryOut({ outcome }: { outcome: Schemas["TryOutView"] }) {
  const t = useTranslations("rules");
  const nameOf = useNames(useProjectRef());
  return (
    <CardBody className="grid gap-3 border-t border-border" aria-live="polite">
      <Alert tone={outcome.changed_calls === 0 ? "success" : "warning"}>
        {t("tried", { calls: outcome.calls, days: outcome.days, changed: outcome.changed_calls })}
      </Alert>
      {outcome.changes.length > 0 && (
        <ul className="divide-y divide-border rounded-md border border-border">
          {outcome.changes.map((change) => (
            <li key={`${change.user_id} ${change.key_id} ${change.client} ${change.server_id} ${change.kind} ${change.target}`} className="px-3 py-2 text-sm">
              <p className="flex flex-wrap items-center gap-x-2">
                <span className="font-mono text-xs [overflow-wrap:anywhere]">
                  {change.server} · {change.target}
                </span>
                <span className="text-muted-foreground">
                  {nameOf(change.user_id) ?? change.client} × {change.calls}
                </span>
                <span className="ml-auto inline-flex items-center gap-1">
                  {t(`effect.${change.before}`)} <ArrowRightIcon aria-hidden className="size-3" /> <strong>{t(`effect.${change.after}`)}</strong>
                </span>
              </p>
              <p className="text-xs text-muted-foreground">{change.reason}</p>
            </li>
          ))}
        </ul>
      )}
      {outcome.truncated && <p className="text-sm text-muted-foreground">{t("truncated")}</p>}
    </CardBody>
  );
}
