"use client";

import { PlusIcon, XIcon } from "lucide-react";
import { type Control, useFieldArray, type UseFormRegister } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";

import type { ServerFormValues } from "./server-form-values";

interface SecretRowsProps {
  name: "env" | "headers";
  control: Control<ServerFormValues>;
  register: UseFormRegister<ServerFormValues>;
}

/** Names and values, the values write-only: a stored one shows as such and stays until another is typed. */
export function SecretRows({ name, control, register }: SecretRowsProps) {
  const t = useTranslations("serverForm");
  const { fields, append, remove } = useFieldArray({ control, name });
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-sm font-medium">{t(name)}</legend>
      {fields.map((row, index) => (
        <div key={row.id} className="flex items-center gap-2">
          <Input
            aria-label={t("rowName", { row: index + 1 })}
            placeholder={name === "env" ? "API_TOKEN" : "Authorization"}
            readOnly={row.stored}
            spellCheck={false}
            autoComplete="off"
            className="flex-1 basis-0 font-mono text-xs read-only:bg-muted"
            {...register(`${name}.${index}.name`)}
          />
          <Input
            type="password"
            aria-label={t("rowValue", { row: index + 1 })}
            placeholder={row.stored ? t("storedValue") : t("value")}
            autoComplete="new-password"
            className="flex-1 basis-0 font-mono text-xs"
            {...register(`${name}.${index}.value`)}
          />
          <Button
            variant="ghost"
            size="icon"
            aria-label={t("removeRow", { row: index + 1 })}
            onClick={() => {
              remove(index);
            }}
          >
            <XIcon />
          </Button>
        </div>
      ))}
      <Button
        size="sm"
        className="justify-self-start"
        onClick={() => {
          append({ name: "", value: "", stored: false });
        }}
      >
        <PlusIcon /> {t(name === "env" ? "addEnv" : "addHeader")}
      </Button>
    </fieldset>
  );
}
