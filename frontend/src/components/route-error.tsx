"use client";

import { useQueryClient, useQueryErrorResetBoundary } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";

import { ApiError } from "@/lib/api/errors";
import { isLeftOver } from "@/lib/query-client";

import { ErrorPanel } from "./error-panel";

/** Not fetched by every page for what should never happen. Where it cannot be fetched then, `global-error` has one. */
const CrashPanel = lazy(() => import("./crash-panel").then((module) => ({ default: module.CrashPanel })));

/** In place of a page that failed; where that was a request, trying again loads its data anew. */
export function RouteError({ error, reset }: { error: unknown; reset: () => void }) {
  const queries = useQueryErrorResetBoundary();
  const queryClient = useQueryClient();
  useEffect(() => {
    queryClient.removeQueries({ predicate: isLeftOver });
  }, [queryClient, error]);
  if (!(error instanceof ApiError)) {
    return (
      <Suspense>
        <CrashPanel error={error} />
      </Suspense>
    );
  }
  return (
    <ErrorPanel
      isPage
      error={error}
      onRetry={() => {
        queries.reset();
        reset();
      }}
    />
  );
}
