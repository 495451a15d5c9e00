"use client";

import type { FieldPath, FieldValues, UseFormSetError } from "react-hook-form";

import { toApiError } from "@/lib/api/errors";

/**
 * Puts what the daemon says about single fields beside them. Gives back whether all of it found a place; what did not
 * has to be shown above the form.
 */
export function placeFieldErrors<T extends FieldValues>(
  cause: unknown,
  form: { setError: UseFormSetError<T> },
  fields: Partial<Record<string, FieldPath<T>>>,
): boolean {
  const { fields: errors } = toApiError(cause);
  let placed = 0;
  for (const { field, problem, hint } of errors) {
    // `sandbox.ports[0]` and `key.per_day` are parts of what may have a field as a whole.
    const name = fields[field] ?? fields[field.replace(/\[\d+\]$/, "")] ?? fields[field.replace(/[.[].*$/, "")];
    if (name === undefined) continue;
    const message = sentence(hint === "" ? problem : `${problem}: ${hint}`);
    form.setError(name, { type: "server", message }, { shouldFocus: placed === 0 });
    placed += 1;
  }
  return errors.length > 0 && placed === errors.length;
}

/** The daemon's texts go on after the name of a field; beside the field they stand alone, as those of the form do. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
