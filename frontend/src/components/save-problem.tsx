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

/** Whoever has pressed a button below a long form sees neither what stands above it, nor that nothing was saved. */
function intoView(problem: HTMLElement | null): void {
  problem?.focus({ preventScroll: true });
  problem?.scrollIntoView({ block: "center" });
}

/** Stands above a form that cannot be saved as it is, and says why. */
export function SaveProblem({ save, overtaken, isPlaced = false }: SaveProblemProps) {
  const t = useTranslations("common");
  const errorText = useErrorText();
  // What is being saved is seen before its answer is.
  const conflict = save.isPending ? undefined : overtaken;
  const { code, fields } = toApiError(save.error);
  const isSaid = isPlaced || (conflict !== undefined && code === "stale");
  const answer = (choose: () => void) => () => {
    choose();
    save.reset();
  };
  return (
    <>
      {conflict !== undefined && (
        <Alert
          ref={save.isError ? intoView : undefined}
          tabIndex={-1}
          role="alert"
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
      {save.isError && !isSaid && (
        // Where fields are at fault, the first of them is gone to.
        <Alert ref={fields.length === 0 ? intoView : undefined} tabIndex={-1} tone="danger">
          {errorText(save.error)}
        </Alert>
      )}
    </>
  );
}
