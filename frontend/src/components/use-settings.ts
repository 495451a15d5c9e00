"use client";

import { useEffect, useRef } from "react";
import type { FieldValues, UseFormReturn } from "react-hook-form";

import { type Overtaken, useOpened } from "./use-opened";

export interface Settings<T, I extends FieldValues, O> {
  form: UseFormReturn<I, unknown, O>;
  /** What was changed in the form is a change of this. */
  opened: T;
  /** The version of that, when it is asked for: one's own changes of other parts may come between. */
  version: () => number;
  overtaken: Overtaken | undefined;
  /** Takes down what is sent; what it gives is to be called with the answer. What is written meanwhile stays. */
  send: () => (answer: T) => void;
}

/**
 * Keeps the fields of a form at what is there, as long as nobody writes in them. `partOf` gives what the form is about
 * where that is more than what stands in its fields.
 */
export function useSettings<T extends { version: number }, I extends FieldValues, O>(
  form: UseFormReturn<I, unknown, O>,
  seen: T,
  valuesOf: (seen: T) => I,
  partOf: (seen: T) => unknown = valuesOf,
): Settings<T, I, O> {
  const { reset, getValues, formState } = form;
  const { opened, shown, overtaken, saved } = useOpened(seen, partOf, formState.isDirty);
  const filled = useRef(shown);
  useEffect(() => {
    if (filled.current === shown) return;
    filled.current = shown;
    reset(valuesOf(shown), { keepFieldsRef: true });
  }, [shown, reset, valuesOf]);
  const latest = useRef(opened.version);
  useEffect(() => {
    latest.current = opened.version;
  }, [opened]);
  return {
    form,
    opened,
    version: () => latest.current,
    overtaken: overtaken && {
      ...overtaken,
      keepMine: () => {
        overtaken.keepMine();
        // Who writes what the other one has written has changed nothing.
        reset(valuesOf(seen), { keepValues: true, keepFieldsRef: true });
      },
    },
    send: () => {
      const sent = structuredClone(getValues());
      return (answer) => {
        saved(answer);
        reset(sent, { keepValues: true, keepFieldsRef: true });
      };
    },
  };
}
