"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { cn } from "@/lib/cn";
import type { OfferKind } from "@/lib/data/offers";
import { lineDiff } from "@/lib/line-diff";
import { useServerRef } from "@/lib/route";

import { historyQuery } from "./queries";

const SIGNS = { same: " ", added: "+", removed: "-" } as const;

/** Every definition that was seen, each with what it changed of the one before. */
export function OfferHistory({ kind, name }: { kind: OfferKind; name: string }) {
  const t = useTranslations("tools");
  const history = useQuery(historyQuery(useServerRef(), kind, name));
  if (history.isPending) return <ListSkeleton rows={3} />;
  if (history.isLoadingError) return <ErrorPanel error={history.error} onRetry={() => void history.refetch()} />;
  if (history.data.length === 0) return <p className="text-sm text-muted-foreground">{t("noHistory")}</p>;
  return (
    <ol className="grid gap-4">
      {history.data.map((past, index) => {
        const before = history.data[index + 1];
        return (
          <li key={`${past.hash} ${past.first_seen}`} className="grid gap-2">
            <p className="flex flex-wrap items-center gap-2 text-sm">
              <RelativeTime at={past.first_seen} className="font-medium" />
              {before === undefined ? (
                <Badge>{t("firstSeen")}</Badge>
              ) : (
                past.changed.map((member) => (
                  <Badge key={member} tone="warning" className="font-mono">
                    {member}
                  </Badge>
                ))
              )}
            </p>
            {before !== undefined && <Diff before={before.definition} after={past.definition} />}
          </li>
        );
      })}
    </ol>
  );
}

function Diff({ before, after }: { before: unknown; after: unknown }) {
  const t = useTranslations("tools");
  const lines = lineDiff(JSON.stringify(before, null, 2), JSON.stringify(after, null, 2));
  return (
    <pre tabIndex={0} role="region" aria-label={t("changes")} className="thin-scrollbar max-h-80 overflow-auto rounded-md border border-border bg-muted py-2 font-mono text-xs leading-relaxed">
      {lines.map(({ kind, text }, index) => (
        <div key={index} className={cn("px-3", kind === "added" && "bg-success-subtle text-success", kind === "removed" && "bg-danger-subtle text-danger")}>
          {SIGNS[kind]} {text}
        </div>
      ))}
    </pre>
  );
}
