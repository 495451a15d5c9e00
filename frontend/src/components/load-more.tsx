"use client";

import { useTranslations } from "use-intl";

import { Spinner } from "./spinner";
import { Button } from "./ui/button";

interface LoadMoreProps {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** Below a list that comes in pages; nothing where it has ended. */
export function LoadMore({ hasNextPage, isFetchingNextPage, fetchNextPage }: LoadMoreProps) {
  const t = useTranslations("common");
  if (!hasNextPage) return null;
  return (
    <div className="flex justify-center border-t border-border p-3">
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
