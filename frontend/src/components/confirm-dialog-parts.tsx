"use client";

import type { UseMutationResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "./error-text";
import { Field } from "./field";
import { SubmitFooter } from "./submit-footer";
import { Alert } from "./ui/alert";
import { Dialog, DialogBody, DialogContent } from "./ui/dialog";
import { Input } from "./ui/input";

export interface ConfirmDialogProps<V> {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  heading: ReactNode;
  description: ReactNode;
  /** What the button says: the verb, never "OK". */
  action: string;
  /** Has to be typed first; for what cannot be brought back. */
  word?: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- what the mutation answers is of no concern here
  mutation: UseMutationResult<any, unknown, V>;
  variables: V;
  onDone?: () => void;
}

/** What ConfirmDialog shows. */
export function ConfirmDialogParts<V>(props: ConfirmDialogProps<V>) {
  const { open, onOpenChange, heading, description, mutation } = props;
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        // What is under way goes on, and is told of where it was begun.
        if (!next && !mutation.isPending) mutation.reset();
        onOpenChange(next);
      }}
    >
      <DialogContent heading={heading} description={description} className="max-w-md">
        <ConfirmForm {...props} />
      </DialogContent>
    </Dialog>
  );
}

/** Mounted anew whenever the dialog opens, so nothing typed is left from the last time. */
function ConfirmForm<V>({ action, word, mutation, variables, onOpenChange, onDone }: ConfirmDialogProps<V>) {
  const t = useTranslations("common");
  const errorText = useErrorText();
  const [typed, setTyped] = useState("");
  const isSure = word === undefined || typed.trim() === word;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSure) return;
        mutation.mutate(variables, {
          onSuccess: () => {
            onOpenChange(false);
            onDone?.();
          },
        });
      }}
    >
      {(word !== undefined || mutation.isError) && (
        <DialogBody>
          {word !== undefined && (
            <Field label={t("typeToConfirm", { word })}>
              {(field) => (
                <Input
                  {...field}
                  value={typed}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => {
                    setTyped(event.target.value);
                  }}
                />
              )}
            </Field>
          )}
          {mutation.isError && <Alert tone="danger">{errorText(mutation.error)}</Alert>}
        </DialogBody>
      )}
      <SubmitFooter variant="danger-solid" pending={mutation.isPending} disabled={!isSure}>
        {action}
      </SubmitFooter>
    </form>
  );
}
