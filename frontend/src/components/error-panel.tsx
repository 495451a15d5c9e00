"use client";

import { CircleAlertIcon, SearchXIcon } from "lucide-react";
import { Link } from "./link";
import { useTranslations } from "use-intl";

import { toApiError } from "@/lib/api/errors";
import { paths } from "@/lib/paths";

import { EmptyState } from "./empty-state";
import { useErrorText } from "./error-text";
import { Button } from "./ui/button";

interface ErrorPanelProps {
  error: unknown;
  onRetry?: () => void;
  /** In place of a page, and not of a part of one. */
  isPage?: boolean;
}

/** In place of a page or a list that could not be loaded. */
export function ErrorPanel({ error: cause, onRetry, isPage = false }: ErrorPanelProps) {
  const t = useTranslations("errors");
  const common = useTranslations("common");
  const text = useErrorText();
  const error = toApiError(cause);
  if (error.code === "not_found") {
    return (
      <EmptyState
        isPage={isPage}
        icon={SearchXIcon}
        heading={t("notFoundTitle")}
        description={t("notFound")}
        actions={
          <Button asChild>
            <Link href={paths.projects()}>{t("toProjects")}</Link>
          </Button>
        }
      />
    );
  }
  return (
    <div role="alert">
      <EmptyState
        isPage={isPage}
        icon={CircleAlertIcon}
        heading={t("title")}
        description={
          <>
            {text(error)}
            {error.requestId !== undefined && (
              <span className="mt-1 block font-mono text-xs">{t("requestId", { id: error.requestId })}</span>
            )}
          </>
        }
        actions={onRetry !== undefined && <Button onClick={onRetry}>{common("retry")}</Button>}
      />
    </div>
  );
}
