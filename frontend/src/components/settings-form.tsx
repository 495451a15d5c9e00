"use client";

import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "./error-text";
import { GuardedButton } from "./guarded-button";
import { SubmitButton } from "./submit-button";
import { Alert } from "./ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "./ui/card";

interface SettingsFormProps {
  heading: ReactNode;
  description?: ReactNode;
  /** Why the user may not change this; undefined where it is allowed. */
  reason: string | undefined;
  /** What the daemon said to the last try, where no field says it. */
  error: unknown;
  pending: boolean;
  isDirty: boolean;
  onSubmit: () => void;
  children: ReactNode;
}

/** One group of settings with a save button of its own. */
export function SettingsForm({ heading, description, reason, error, pending, isDirty, onSubmit, children }: SettingsFormProps) {
  const common = useTranslations("common");
  const errorText = useErrorText();
  return (
    <Card>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (reason === undefined) onSubmit();
        }}
      >
        <CardHeader heading={heading} description={description} />
        <CardBody>
          <fieldset disabled={reason !== undefined} className="grid gap-4">
            {error !== null && error !== undefined && <Alert tone="danger">{errorText(error)}</Alert>}
            {children}
          </fieldset>
        </CardBody>
        <CardFooter>
          {reason === undefined ? (
            <SubmitButton pending={pending} disabled={!isDirty}>
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
