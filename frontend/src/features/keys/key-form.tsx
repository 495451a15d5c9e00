"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useFormatter, useTranslations } from "use-intl";

import { AllowanceFields, allowanceSchema, type AllowanceValues } from "@/components/allowance-fields";
import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { useFieldErrors } from "@/components/form-errors";
import { SubmitFooter } from "@/components/submit-footer";
import { Alert } from "@/components/ui/alert";
import { DialogBody } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { limitsQuery } from "@/lib/data/limits";
import { useProjectRef } from "@/lib/route";

import { ScopeFields, type ScopeValues } from "./scope-fields";

export const EXPIRIES = ["keep", "never", "7", "30", "90", "365"] as const;
export type Expiry = (typeof EXPIRIES)[number];

const DAY_MS = 86_400_000;

/** The time that a choice stands for: null for never, undefined to leave it as it is. */
export function expiresAt(expiry: Expiry, now: number): string | null | undefined {
  if (expiry === "keep") return undefined;
  return expiry === "never" ? null : new Date(now + Number(expiry) * DAY_MS).toISOString();
}

export interface KeyFormValues {
  name: string;
  expiry: Expiry;
  scope: ScopeValues;
  limits: AllowanceValues;
}

interface KeyFormProps {
  values: KeyFormValues;
  /** `keep` is there for a key that is there. */
  expiries: readonly Expiry[];
  action: string;
  pending: boolean;
  error: unknown;
  /** Hears of an error that has found its field. */
  onPlaced: () => void;
  onSubmit: (values: KeyFormValues, onError: (cause: unknown) => void) => void;
}

/** What a key is called, when it ends, what it reaches and how much it may ask for. */
export function KeyForm({ values, expiries, action, pending, error, onPlaced, onSubmit }: KeyFormProps) {
  const t = useTranslations("keys");
  const allowance = useTranslations("allowance");
  const format = useFormatter();
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  const projectLimits = useQuery(limitsQuery(useProjectRef())).data?.effective.key;
  const [scope, setScope] = useState(values.scope);
  const [isChecked, setChecked] = useState(false);
  const hasNoServer = scope.servers?.length === 0;
  const form = useForm({
    resolver: useSchema((z) =>
      z.object({
        name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
        expiry: z.enum(EXPIRIES),
        limits: allowanceSchema(z, (most) => allowance("outOfRange", { most: format.number(most) })),
      }),
    ),
    defaultValues: { name: values.name, expiry: values.expiry, limits: values.limits },
  });
  const { errors } = form.formState;
  const submit = form.handleSubmit((written) => {
    if (hasNoServer) return;
    onSubmit({ ...written, scope }, (cause) => {
      const fields = {
        name: "name",
        expires_at: "expiry",
        "limits.per_minute": "limits.per_minute",
        "limits.concurrent": "limits.concurrent",
        "limits.per_day": "limits.per_day",
      } as const;
      if (placeFieldErrors(cause, form, fields)) onPlaced();
    });
  });
  const hasLimits = Object.values(values.limits).some((part) => part !== "") || errors.limits !== undefined;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        setChecked(true);
        void submit(event);
      }}
    >
      <DialogBody>
        {error !== null && error !== undefined && <Alert tone="danger">{errorText(error)}</Alert>}
        <Field label={t("name")} hint={t("nameHint")} error={errors.name?.message}>
          {(field) => <Input {...field} autoComplete="off" {...form.register("name")} />}
        </Field>
        <Field label={t("expiry")} error={errors.expiry?.message}>
          {(field) => (
            <Select {...field} {...form.register("expiry")}>
              {expiries.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`expiries.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <ScopeFields value={scope} onChange={setScope} />
        {isChecked && hasNoServer && <Alert tone="danger">{t("scope.noServer")}</Alert>}
        <details open={hasLimits} className="group rounded-md border border-border">
          <summary className="cursor-pointer rounded-md px-3 py-2 text-sm font-medium select-none hover:bg-muted">{t("limits")}</summary>
          <div className="grid gap-3 px-3 pt-1 pb-3">
            <p className="text-xs text-muted-foreground">{t("limitsHint")}</p>
            <AllowanceFields name="limits" register={form.register} errors={errors.limits} otherwise={projectLimits} />
          </div>
        </details>
      </DialogBody>
      <SubmitFooter pending={pending}>{action}</SubmitFooter>
    </form>
  );
}
