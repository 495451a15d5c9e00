"use client";

import type { UseMutationResult } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { toApiError } from "@/lib/api/errors";

import { useErrorText } from "./error-text";
import { Alert } from "./ui/alert";
import { Button } from "./ui/button";
import type { Overtaken } from "./use-opened";

interface SaveProblemProps {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- only whether it failed matters
  save: UseMutationResult<any, unknown, any>;
  overtaken: Overtaken | undefined;
  /** The fields say what is wrong. */
  isPlaced?: boolean;
}

/** Stands above a form that cannot be saved as it is, and says why. */
export function SaveProblem({ save, overtaken, isPlaced = false }: SaveProblemProps) {
  const t = useTranslations("common");
  const errorText = useErrorText();
  // What is being saved is seen before its answer is.
  const conflict = save.isPending ? undefined : overtaken;
  const isSaid = isPlaced || (conflict !== undefined && toApiError(save.error).code === "stale");
  const answer = (choose: () => void) => () => {
    choose();
    save.reset();
  };
  return (
    <>
      {conflict !== undefined && (
        <Alert
          tone="warning"
          heading={t("overtaken")}
          actions={
            <>
              <Button size="sm" onClick={answer(conflict.takeTheirs)}>
                {t("takeTheirs")}
              </Button>
              <Button size="sm" onClick={answer(conflict.keepMine)}>
                {t("keepMine")}
              </Button>
            </>
          }
        >
          {t("overtakenHint")}
        </Alert>
      )}
      {save.isError && !isSaid && <Alert tone="danger">{errorText(save.error)}</Alert>}
    </>
  );
}
