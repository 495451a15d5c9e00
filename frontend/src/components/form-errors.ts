"use client";

import type { FieldPath, FieldValues, UseFormSetError } from "react-hook-form";
import { useTranslations } from "use-intl";

import { toApiError } from "@/lib/api/errors";

type PlaceFieldErrors = <T extends FieldValues>(
  cause: unknown,
  form: { setError: UseFormSetError<T> },
  fields: Partial<Record<string, FieldPath<T>>>,
) => boolean;

/**
 * Puts what the daemon says about single fields beside them. Gives back whether all of it found a place; what did not
 * has to be shown above the form.
 */
export function useFieldErrors(): PlaceFieldErrors {
  const t = useTranslations("errors");
  return (cause, form, fields) => {
    const { fields: errors, code } = toApiError(cause);
    let placed = 0;
    for (const { field, problem, hint } of errors) {
      // `sandbox.ports[0]` and `key.per_day` are parts of what may have a field as a whole.
      const name = fields[field] ?? fields[field.replace(/\[\d+\]$/, "")] ?? fields[field.replace(/[.[].*$/, "")];
      if (name === undefined) continue;
      // What is refused at one field because something else has it already is always the same.
      const message = code === "conflict" ? t("taken") : sentence(hint === "" ? problem : `${problem}: ${hint}`);
      form.setError(name, { type: "server", message }, { shouldFocus: placed === 0 });
      placed += 1;
    }
    return errors.length > 0 && placed === errors.length;
  };
}

/** The daemon's texts go on after the name of a field; beside the field they stand alone, as those of the form do. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
