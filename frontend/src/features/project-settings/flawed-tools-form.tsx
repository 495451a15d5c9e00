"use client";

import { Controller, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { SettingsForm } from "@/components/settings-form";
import { RadioCard, RadioGroup } from "@/components/ui/radio-group";
import type { Project } from "@/lib/data/projects";

import { useUpdateProject } from "./mutations";

const CHOICES = ["repair", "hide", "pass"] as const;

/** What becomes of tools whose schemas strict clients refuse. */
export function FlawedToolsForm({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const update = useUpdateProject(project);
  const form = useForm({ values: { flawed_tools: project.flawed_tools } });
  return (
    <SettingsForm
      heading={t("flawedTools")}
      description={t("flawedToolsDescription")}
      reason={reason}
      form={form}
      save={update}
      toRequest={(written) => written}
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
