"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, XIcon } from "lucide-react";
import { useId } from "react";
import { useFieldArray, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { SettingsForm } from "@/components/settings-form";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import { offersQuery } from "@/lib/data/offers";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";

const valuesOf = ({ run }: Server) => ({
  rows: Object.entries(run.tool_timeouts).map(([tool, seconds]) => ({ tool, seconds: String(seconds) })),
});

/** Single tools that may take longer than the others, or shall not. */
export function ToolTimeoutsForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("toolTimeouts");
  const listId = useId();
  const tools = useQuery(offersQuery(project, "tool")).data?.items ?? [];
  const update = useUpdateServer(project);
  const form = useForm({
    resolver: useSchema((z) =>
      z.object({
        rows: z
          .array(
            z.object({
              tool: z.string().check(z.trim(), z.minLength(1, t("toolMissing"))),
              seconds: z.string().check(
                z.refine((text) => text.trim() !== "" && Number(text) > 0 && Number(text) <= 3600, t("secondsInvalid")),
              ),
            }),
          )
          .check(
            z.superRefine((rows, context) => {
              const seen = new Set<string>();
              for (const [index, { tool }] of rows.entries()) {
                if (seen.has(tool)) context.addIssue({ code: "custom", path: [index, "tool"], message: t("toolTwice") });
                seen.add(tool);
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
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description", { seconds: server.timeout })}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={({ rows }) => {
        const gone = Object.keys(settings.opened.run.tool_timeouts).map((tool) => [tool, null] as const);
        const set = rows.map(({ tool, seconds }) => [tool, Number(seconds)] as const);
        return { version: settings.version, body: { run: { tool_timeouts: Object.fromEntries([...gone, ...set]) } } };
      }}
      places={({ rows }) => {
        const places = rows.map(({ tool }, index) => [`run.tool_timeouts.${tool}`, `rows.${index}.seconds`] as const);
        return Object.fromEntries(places);
      }}
    >
      <datalist id={listId}>
        {tools.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      {fields.map((row, index) => (
        <div key={row.id} className="grid gap-1">
          <div className="flex items-center gap-2">
            <Input
              aria-label={t("tool", { row: index + 1 })}
              aria-invalid={errors.rows?.[index]?.tool !== undefined || undefined}
              list={listId}
              placeholder={t("toolPlaceholder")}
              spellCheck={false}
              autoComplete="off"
              className="flex-1 basis-0 font-mono text-xs"
              {...form.register(`rows.${index}.tool`)}
            />
            <Input
              aria-label={t("seconds", { row: index + 1 })}
              aria-invalid={errors.rows?.[index]?.seconds !== undefined || undefined}
              inputMode="numeric"
              placeholder="120"
              className="w-16 shrink-0 sm:w-24"
              {...form.register(`rows.${index}.seconds`)}
            />
            <span className="text-sm text-muted-foreground">{t("unit")}</span>
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
          {[errors.rows?.[index]?.tool?.message, errors.rows?.[index]?.seconds?.message].map(
            (message) =>
              message !== undefined && (
                <p key={message} className="text-sm text-danger">
                  {message}
                </p>
              ),
          )}
        </div>
      ))}
      <Button
        size="sm"
        className="justify-self-start"
        onClick={() => {
          append({ tool: "", seconds: "" });
        }}
      >
        <PlusIcon /> {t("add")}
      </Button>
    </SettingsForm>
  );
}
