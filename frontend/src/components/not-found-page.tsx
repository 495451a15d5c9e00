"use client";

import { ApiError } from "@/lib/api/errors";

import { ErrorPanel } from "./error-panel";

const NOT_FOUND = new ApiError({ code: "not_found", detail: "" });

/** For an address that is none of ours. */
export function NotFoundPage() {
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <ErrorPanel error={NOT_FOUND} isPage />
    </main>
  );
}
