"use client";

import { PlusIcon, XIcon } from "lucide-react";
import { Controller, useFieldArray, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { SettingsForm } from "@/components/settings-form";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/checkbox";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";
import { personalOf, personalPatch } from "./personal-values";

const valuesOf = (server: Server) => ({ rows: personalOf(server) });

/** Which variables or headers of a server each member fills in. */
export function PersonalForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverPersonal");
  const update = useUpdateServer(project);
  const kind = server.transport.type === "stdio" ? "env" : "headers";
  const form = useForm({
    resolver: useSchema((z) =>
      z.object({
        rows: z
          .array(
            z.object({
              name: z.string().check(z.trim(), z.regex(/^[^\s=]+$/, t("nameMissing"))),
              required: z.boolean(),
              description: z.string().check(z.maxLength(500, t("descriptionTooLong"))),
            }),
          )
          .check(
            z.superRefine((rows, context) => {
              const seen = new Set<string>();
              for (const [index, { name }] of rows.entries()) {
                if (seen.has(name)) context.addIssue({ code: "custom", path: [index, "name"], message: t("nameTwice") });
                seen.add(name);
              }
            }),
          ),
      }),
    ),
    defaultValues: valuesOf(server),
  });
  const settings = useSettings(form, server, valuesOf);
  const { fields, append, remove } = useFieldArray({ control: form.control, name: "rows" });
  const { errors } = form.formState;
  const rowErrors = fields.map((_, index) => errors.rows?.[index]);
  return (
    <SettingsForm
      heading={t("heading")}
      description={t(`description.${kind}`)}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={({ rows }) => {
        const patch = personalPatch(rows, personalOf(settings.opened));
        return { version: settings.version, body: { run: kind === "env" ? { personal_env: patch } : { personal_headers: patch } } };
      }}
      places={({ rows }) => {
        const places = rows.map(({ name }, index) => [`run.personal_${kind}.${name}`, `rows.${index}.name`] as const);
        return Object.fromEntries(places);
      }}
    >
      {fields.length === 0 && <p className="text-sm text-muted-foreground">{t(`none.${kind}`)}</p>}
      <ul className="grid gap-4 empty:hidden">
        {fields.map((row, index) => (
          <li key={row.id} className="grid gap-1">
            <div className="flex flex-wrap items-center gap-2">
              <Input
                aria-label={t("name", { row: index + 1 })}
                aria-invalid={rowErrors[index]?.name !== undefined || undefined}
                placeholder={kind === "env" ? "GITHUB_TOKEN" : "Authorization"}
                spellCheck={false}
                autoComplete="off"
                className="min-w-40 flex-1 basis-0 font-mono text-xs"
                {...form.register(`rows.${index}.name`)}
              />
              <Input
                aria-label={t("about", { row: index + 1 })}
                aria-invalid={rowErrors[index]?.description !== undefined || undefined}
                placeholder={t("aboutPlaceholder")}
                className="min-w-48 flex-2 basis-0"
                {...form.register(`rows.${index}.description`)}
              />
              <label className="flex h-8 items-center gap-2 text-sm">
                <Controller
                  control={form.control}
                  name={`rows.${index}.required`}
                  render={({ field: { value, onChange } }) => (
                    <Checkbox checked={value} onCheckedChange={onChange} disabled={reason !== undefined} />
                  )}
                />
                {t("required")}
              </label>
              <Button
                variant="ghost"
                size="icon"
                aria-label={t("remove", { row: index + 1 })}
                onClick={() => {
                  remove(index);
                }}
              >
                <XIcon />
              </Button>
            </div>
            {[rowErrors[index]?.name?.message, rowErrors[index]?.description?.message].map(
              (message) =>
                message !== undefined && (
                  <p key={message} className="text-sm text-danger">
                    {message}
                  </p>
                ),
            )}
          </li>
        ))}
      </ul>
      <Button
        size="sm"
        className="justify-self-start"
        onClick={() => {
          append({ name: "", required: true, description: "" });
        }}
      >
        <PlusIcon /> {t(`add.${kind}`)}
      </Button>
      <p className="text-xs text-muted-foreground">{t("hint")}</p>
    </SettingsForm>
  );
}
