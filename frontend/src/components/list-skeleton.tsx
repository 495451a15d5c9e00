"use client";

import { useTranslations } from "use-intl";

import { Skeleton } from "./ui/skeleton";

/** While a list is loading: its shape, so that nothing jumps. */
export function ListSkeleton({ rows = 6 }: { rows?: number }) {
  const t = useTranslations("common");
  return (
    <div role="status" aria-label={t("loading")} className="divide-y divide-border rounded-lg border border-border">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-11 items-center gap-4 px-4">
          <Skeleton className="h-3 w-1/4" />
          <Skeleton className="h-3 w-1/3 max-sm:hidden" />
          <Skeleton className="ml-auto h-3 w-16" />
        </div>
      ))}
    </div>
  );
}
