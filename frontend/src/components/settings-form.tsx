"use client";

import type { UseMutationResult } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import type { FieldPath, FieldValues } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useUnsaved } from "@/lib/leaving";
import { toast } from "@/lib/toasts";

import { useFieldErrors } from "./form-errors";
import { GuardedButton } from "./guarded-button";
import { SaveProblem } from "./save-problem";
import { SubmitButton } from "./submit-button";
import { Card, CardBody, CardFooter, CardHeader } from "./ui/card";
import type { Settings } from "./use-settings";

interface SettingsFormProps<T, I extends FieldValues, O, V> {
  heading: ReactNode;
  description?: ReactNode;
  /** Why the user may not change this; undefined where it is allowed. */
  reason: string | undefined;
  settings: Settings<T, I, O>;
  save: UseMutationResult<T, unknown, V>;
  /** What is saved, of what was written. */
  toRequest: (written: O) => V;
  /** Which field shows what the daemon says about a part of the request; the rest is shown above them all. */
  places?: (written: O) => Partial<Record<string, FieldPath<I>>>;
  children: ReactNode;
  /** Stands below the fields, for everybody. */
  below?: ReactNode;
}

/** One group of settings, which saves itself and says what became of it. */
export function SettingsForm<T, I extends FieldValues, O, V>(props: SettingsFormProps<T, I, O, V>) {
  const { heading, description, reason, settings, save, toRequest, places, children, below } = props;
  const common = useTranslations("common");
  const { form } = settings;
  const placeFieldErrors = useFieldErrors();
  const [isPlaced, setPlaced] = useState(false);
  useUnsaved(form.formState.isDirty);
  const submit = form.handleSubmit((written) => {
    const isSaved = settings.send();
    save.mutate(toRequest(written), {
      onSuccess: (answer) => {
        isSaved(answer);
        toast.success(common("saved"));
      },
      onError: (cause) => {
        setPlaced(placeFieldErrors(cause, form, places?.(written) ?? {}));
      },
    });
  });
  return (
    <Card>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (reason === undefined) void submit();
        }}
      >
        <CardHeader heading={heading} description={description} />
        <CardBody className="grid gap-4">
          <fieldset disabled={reason !== undefined} className="grid gap-4">
            <SaveProblem save={save} overtaken={settings.overtaken} isPlaced={isPlaced} />
            {children}
          </fieldset>
          {below}
        </CardBody>
        <CardFooter>
          {reason === undefined ? (
            <SubmitButton pending={save.isPending} disabled={!form.formState.isDirty}>
              {common("save")}
            </SubmitButton>
          ) : (
            <GuardedButton variant="primary" reason={reason}>
              {common("save")}
            </GuardedButton>
          )}
        </CardFooter>
      </form>
    </Card>
  );
}
