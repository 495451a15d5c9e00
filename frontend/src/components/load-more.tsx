"use client";

import { useTranslations } from "use-intl";

import { useErrorText } from "./error-text";
import { Spinner } from "./spinner";
import { Button } from "./ui/button";

interface LoadMoreProps {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  isFetchNextPageError: boolean;
  error: unknown;
  fetchNextPage: () => unknown;
}

/** Below a list that comes in pages; nothing where it has ended. */
export function LoadMore({ hasNextPage, isFetchingNextPage, isFetchNextPageError, error, fetchNextPage }: LoadMoreProps) {
  const t = useTranslations("common");
  const errorText = useErrorText();
  if (!hasNextPage) return null;
  return (
    <div className="flex flex-wrap items-center justify-center gap-3 border-t border-border p-3">
      {isFetchNextPageError && (
        <p role="alert" className="text-sm text-danger">
          {errorText(error)}
        </p>
      )}
      <Button
        disabled={isFetchingNextPage}
        onClick={() => {
          void fetchNextPage();
        }}
      >
        {isFetchingNextPage && <Spinner />} {t("showMore")}
      </Button>
    </div>
  );
}
