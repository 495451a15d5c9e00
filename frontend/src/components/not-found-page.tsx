"use client";

import { useTranslations } from "use-intl";

import { ApiError } from "@/lib/api/errors";

import { ErrorPanel } from "./error-panel";
import { PageTitle } from "./page-title";

const NOT_FOUND = new ApiError({ code: "not_found", detail: "" });

/** For an address that is none of ours. */
export function NotFoundPage() {
  const t = useTranslations("errors");
  return (
    <main className="flex min-h-dvh items-center justify-center">
      <PageTitle parts={[t("notFoundTitle")]} />
      <ErrorPanel error={NOT_FOUND} isPage />
    </main>
  );
}
