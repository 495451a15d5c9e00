"use client";

import type { FieldErrors, FieldPath, FieldValues, UseFormRegister } from "react-hook-form";
import { useFormatter, useTranslations } from "use-intl";

import type { Schemas } from "@/lib/api/client";
import { ALLOWANCE_PARTS } from "@/lib/data/limits";

import { Field } from "./field";
import { Input } from "./ui/input";
import type { Z } from "./use-schema";
import { optionalWhole, toNumber, toText } from "./whole-number";

type Allowance = Schemas["Allowance"];

export interface AllowanceValues {
  per_minute: string;
  concurrent: string;
  per_day: string;
}

export const NO_ALLOWANCE: AllowanceValues = { per_minute: "", concurrent: "", per_day: "" };

export function allowanceValues(allowance: Allowance | undefined): AllowanceValues {
  return { per_minute: toText(allowance?.per_minute), concurrent: toText(allowance?.concurrent), per_day: toText(allowance?.per_day) };
}

export function toAllowance(values: AllowanceValues): Allowance {
  return { per_minute: toNumber(values.per_minute), concurrent: toNumber(values.concurrent), per_day: toNumber(values.per_day) };
}

/** `outOfRange` says in words what may be written. */
export function allowanceSchema(z: Z, outOfRange: (most: number) => string) {
  const part = (most: number) => optionalWhole(z, 1, most, outOfRange(most));
  return z.object({ per_minute: part(ALLOWANCE_PARTS[0][1]), concurrent: part(ALLOWANCE_PARTS[1][1]), per_day: part(ALLOWANCE_PARTS[2][1]) });
}

interface AllowanceFieldsProps<T extends FieldValues> {
  /** Where the values are in the form. */
  name: FieldPath<T>;
  register: UseFormRegister<T>;
  errors: FieldErrors<AllowanceValues> | undefined;
  /** What holds where nothing is written. */
  otherwise?: Allowance;
}

/** Requests a minute, calls at a time, calls a day. */
export function AllowanceFields<T extends FieldValues>({ name, register, errors, otherwise }: AllowanceFieldsProps<T>) {
  const t = useTranslations("allowance");
  const format = useFormatter();
  return (
    <div className="grid gap-3 sm:grid-cols-3">
      {ALLOWANCE_PARTS.map(([part]) => {
        const holds = otherwise?.[part];
        return (
          <Field key={part} label={t(part)} error={errors?.[part]?.message}>
            {(field) => (
              <Input
                {...field}
                inputMode="numeric"
                autoComplete="off"
                placeholder={holds === undefined || holds === null ? t("noLimit") : format.number(holds)}
                {...register(`${name}.${part}` as FieldPath<T>)}
              />
            )}
          </Field>
        );
      })}
    </div>
  );
}
