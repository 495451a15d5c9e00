"use client";

import { useQueryErrorResetBoundary } from "@tanstack/react-query";

import { ErrorPanel } from "./error-panel";

/** In place of a page that failed; trying again loads its data anew. */
export function RouteError({ error, reset }: { error: Error; reset: () => void }) {
  const queries = useQueryErrorResetBoundary();
  return (
    <ErrorPanel
      isPage
      error={error}
      onRetry={() => {
        // A part of the code that could not be fetched, as after an upgrade of the daemon, comes with a fresh page.
        if (error.name === "ChunkLoadError") {
          location.reload();
          return;
        }
        queries.reset();
        reset();
      }}
    />
  );
}
