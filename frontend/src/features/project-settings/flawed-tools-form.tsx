"use client";

import { Controller, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { SettingsForm } from "@/components/settings-form";
import { RadioCard, RadioGroup } from "@/components/ui/radio-group";
import { useSettings } from "@/components/use-settings";
import type { Project } from "@/lib/data/projects";

import { useUpdateProject } from "./mutations";

const CHOICES = ["repair", "hide", "pass"] as const;

const valuesOf = ({ flawed_tools }: Project) => ({ flawed_tools });

/** What becomes of tools whose schemas strict clients refuse. */
export function FlawedToolsForm({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const update = useUpdateProject(project);
  const form = useForm({ defaultValues: valuesOf(project) });
  const settings = useSettings(form, project, valuesOf);
  return (
    <SettingsForm
      heading={t("flawedTools")}
      description={t("flawedToolsDescription")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(body) => ({ version: settings.version, body })}
    >
      <Controller
        control={form.control}
        name="flawed_tools"
        render={({ field: { value, onChange } }) => (
          <RadioGroup aria-label={t("flawedTools")} value={value} onValueChange={onChange} disabled={reason !== undefined}>
            {CHOICES.map((choice) => (
              <RadioCard key={choice} value={choice} label={t(`flawedChoice.${choice}`)} hint={t(`flawedHint.${choice}`)} />
            ))}
          </RadioGroup>
        )}
      />
    </SettingsForm>
  );
}
