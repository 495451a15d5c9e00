"use client";

import { Controller, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Textarea } from "@/components/ui/input";
import { RadioCard, RadioGroup } from "@/components/ui/radio-group";
import { useSettings } from "@/components/use-settings";
import type { Project } from "@/lib/data/projects";

import { toNames } from "./hidden-names";
import { useUpdateProject } from "./mutations";

const MODES = ["nothing", "digest", "redacted"] as const;

const valuesOf = ({ recorded_arguments: recorded }: Project) => ({
  mode: recorded.mode,
  hidden: recorded.mode === "redacted" ? (recorded.hidden ?? []).join("\n") : "",
});

/** What of the arguments of calls goes on record. */
export function RecordedArgumentsForm({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("recordedArguments");
  const update = useUpdateProject(project);
  const form = useForm({ defaultValues: valuesOf(project) });
  const settings = useSettings(form, project, valuesOf);
  const { errors } = form.formState;
  // eslint-disable-next-line react-hooks/incompatible-library -- what is chosen says which fields there are
  const mode = form.watch("mode");
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={({ mode: chosen, hidden }) => ({
        version: settings.version,
        body: { recorded_arguments: chosen === "redacted" ? { mode: chosen, hidden: toNames(hidden) } : { mode: chosen } },
      })}
      places={() => ({ "recorded_arguments.hidden": "hidden" })}
    >
      <Controller
        control={form.control}
        name="mode"
        render={({ field: { value, onChange } }) => (
          <RadioGroup aria-label={t("heading")} value={value} onValueChange={onChange} disabled={reason !== undefined}>
            {MODES.map((choice) => (
              <RadioCard key={choice} value={choice} label={t(`mode.${choice}`)} hint={t(`modeHint.${choice}`)} />
            ))}
          </RadioGroup>
        )}
      />
      {mode === "redacted" && (
        <Field label={t("hidden")} optional hint={t("hiddenHint")} error={errors.hidden?.message}>
          {(field) => (
            <Textarea
              {...field}
              rows={3}
              spellCheck={false}
              placeholder={"*iban*\nssn"}
              className="font-mono text-xs leading-relaxed"
              {...form.register("hidden")}
            />
          )}
        </Field>
      )}
      <p className="text-xs text-muted-foreground">{t(mode === "nothing" ? "seenNothing" : "seen")}</p>
    </SettingsForm>
  );
}
