"use client";

import { useState } from "react";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Textarea } from "@/components/ui/input";
import type { Json } from "@/lib/json-schema";

interface JsonFieldProps {
  label: string;
  hint?: string;
  optional?: boolean;
  value: Json | undefined;
  onChange: (value: Json | undefined) => void;
  rows?: number;
}

/** A value as JSON text. What cannot be read stays in the field and is not taken. */
export function JsonField({ label, hint, optional, value, onChange, rows = 4 }: JsonFieldProps) {
  const t = useTranslations("playground");
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [error, setError] = useState<string>();
  return (
    <Field label={label} hint={hint} optional={optional} error={error}>
      {(control) => (
        <Textarea
          {...control}
          rows={rows}
          spellCheck={false}
          className="font-mono text-xs"
          value={text}
          onChange={(event) => {
            const next = event.target.value;
            setText(next);
            if (next.trim() === "") {
              setError(undefined);
              onChange(undefined);
              return;
            }
            try {
              onChange(JSON.parse(next) as Json);
              setError(undefined);
            } catch {
              setError(t("notJson"));
            }
          }}
        />
      )}
    </Field>
  );
}
