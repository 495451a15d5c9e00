"use client";

import { ListSkeleton } from "./list-skeleton";
import { Skeleton } from "./ui/skeleton";

/** While a page is loading. */
export function PageSkeleton() {
  return (
    <>
      <div className="mb-5 flex min-h-8 items-center justify-between">
        <Skeleton className="h-5 w-48" />
        <Skeleton className="h-8 w-28" />
      </div>
      <ListSkeleton />
    </>
  );
}
