"use client";

import type { UseMutationResult } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { useFormatter, useTranslations } from "use-intl";

import type { Schemas } from "@/lib/api/client";

import { AllowanceFields, allowanceSchema, allowanceValues, toAllowance } from "./allowance-fields";
import { Field } from "./field";
import { SettingsForm } from "./settings-form";
import { Input } from "./ui/input";
import { useSchema } from "./use-schema";
import { useSettings } from "./use-settings";
import { optionalWhole, toNumber, toText } from "./whole-number";

const WHOSE = ["key", "user", "project"] as const;
const MOST_AT_A_SERVER = 100_000;

interface LimitsFormProps {
  view: Schemas["LimitsView"];
  description: string;
  reason: string | undefined;
  mutation: UseMutationResult<Schemas["LimitsView"], unknown, { version: number; limits: Schemas["Limits"] }>;
}

const valuesOf = ({ limits }: Schemas["LimitsView"]) => ({
  key: allowanceValues(limits.key),
  user: allowanceValues(limits.user),
  project: allowanceValues(limits.project),
  server_concurrent: toText(limits.server_concurrent),
});

/** How much may be asked for: of a project, or of all that say nothing themselves. */
export function LimitsForm({ view, description, reason, mutation }: LimitsFormProps) {
  const t = useTranslations("limits");
  const allowance = useTranslations("allowance");
  const format = useFormatter();
  const { effective } = view;
  const outOfRange = (most: number) => allowance("outOfRange", { most: format.number(most) });
  const form = useForm({
    resolver: useSchema((z) => {
      const part = allowanceSchema(z, outOfRange);
      return z.object({
        key: part,
        user: part,
        project: part,
        server_concurrent: optionalWhole(z, 1, MOST_AT_A_SERVER, outOfRange(MOST_AT_A_SERVER)),
      });
    }),
    defaultValues: valuesOf(view),
  });
  const settings = useSettings(form, view, valuesOf);
  const { errors } = form.formState;
  const atAServer = effective.server_concurrent;
  return (
    <SettingsForm
      heading={t("heading")}
      description={description}
      reason={reason}
      settings={settings}
      save={mutation}
      toRequest={({ key, user, project, server_concurrent: server }) => ({
        version: settings.opened.version,
        limits: {
          key: toAllowance(key),
          user: toAllowance(user),
          project: toAllowance(project),
          server_concurrent: toNumber(server),
        },
      })}
      places={() => ({ server_concurrent: "server_concurrent" })}
    >
      {WHOSE.map((whose) => (
        <fieldset key={whose} className="grid gap-2">
          <legend className="text-sm font-semibold">{t(`whose.${whose}`)}</legend>
          <p className="text-xs text-muted-foreground">{t(`whoseHint.${whose}`)}</p>
          <AllowanceFields name={whose} register={form.register} errors={errors[whose]} otherwise={effective[whose]} />
        </fieldset>
      ))}
      <Field label={t("server")} hint={t("serverHint")} error={errors.server_concurrent?.message} className="sm:max-w-60">
        {(field) => (
          <Input
            {...field}
            inputMode="numeric"
            autoComplete="off"
            placeholder={atAServer === null || atAServer === undefined ? allowance("noLimit") : format.number(atAServer)}
            {...form.register("server_concurrent")}
          />
        )}
      </Field>
    </SettingsForm>
  );
}
