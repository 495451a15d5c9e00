"use client";

import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { useFieldErrors } from "@/components/form-errors";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useMe } from "@/lib/data/session";
import { toast } from "@/lib/toasts";

import { useChangePassword } from "./mutations";

export function PasswordForm() {
  const t = useTranslations("profile");
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  const me = useMe();
  const change = useChangePassword();
  const [isPlaced, setPlaced] = useState(false);
  const resolver = useSchema((z) =>
    z
      .object({
        old: z.string().check(z.minLength(1, t("oldMissing"))),
        next: z.string().check(z.minLength(10, t("length")), z.maxLength(256, t("length"))),
        again: z.string(),
      })
      .check(z.refine(({ next, again }) => next === again, { path: ["again"], message: t("notSame") })),
  );
  const form = useForm({ resolver, defaultValues: { old: "", next: "", again: "" } });
  const { errors } = form.formState;
  const submit = form.handleSubmit(({ old, next }) => {
    change.mutate(
      { old_password: old, new_password: next },
      {
        onSuccess: () => {
          form.reset();
          toast.success(t("passwordChanged"));
        },
        onError: (cause) => {
          setPlaced(placeFieldErrors(cause, form, { old_password: "old", new_password: "next" }));
          // All that can be wrong with it.
          if (form.getFieldState("old").invalid) form.setError("old", { type: "server", message: t("oldWrong") });
        },
      },
    );
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <Card>
        <CardHeader heading={t("password")} description={t("passwordHint")} />
        <CardBody className="grid gap-4">
          {change.isError && !isPlaced && <Alert tone="danger">{errorText(change.error)}</Alert>}
          <input type="hidden" autoComplete="username" value={me.email} readOnly />
          <Field label={t("old")} className="max-w-md" error={errors.old?.message}>
            {(field) => <Input {...field} type="password" autoComplete="current-password" {...form.register("old")} />}
          </Field>
          <Field label={t("new")} className="max-w-md" hint={t("length")} error={errors.next?.message}>
            {(field) => <Input {...field} type="password" autoComplete="new-password" {...form.register("next")} />}
          </Field>
          <Field label={t("again")} className="max-w-md" error={errors.again?.message}>
            {(field) => <Input {...field} type="password" autoComplete="new-password" {...form.register("again")} />}
          </Field>
        </CardBody>
        <CardFooter>
          <SubmitButton pending={change.isPending}>{t("changePassword")}</SubmitButton>
        </CardFooter>
      </Card>
    </form>
  );
}
