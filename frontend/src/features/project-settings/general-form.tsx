"use client";

import { useForm, useWatch } from "react-hook-form";
import { useTranslations } from "use-intl";

import { CopyField } from "@/components/copy-field";
import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import type { Project } from "@/lib/data/projects";
import { SLUG } from "@/lib/slug";

import { useUpdateProject } from "./mutations";

const valuesOf = ({ name, slug, separator }: Project) => ({ name, slug, separator });

/** Name, address and how tools are named on the unified endpoint. */
export function GeneralForm({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const update = useUpdateProject(project);
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
      slug: z.string().check(z.trim(), z.regex(SLUG, t("slugInvalid"))),
      separator: z.string().check(z.regex(/^(?=.*_)[_-]{1,4}$/, t("separatorInvalid"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: valuesOf(project) });
  const settings = useSettings(form, project, valuesOf);
  const { errors } = form.formState;
  const shown = useWatch({ control: form.control, name: "separator" });
  return (
    <SettingsForm
      heading={t("general")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(body) => ({ version: settings.version, body })}
      places={() => ({ name: "name", slug: "slug", separator: "separator" })}
      below={
        <div className="grid gap-1">
          <span className="text-sm font-medium">{t("id")}</span>
          <CopyField text={project.id} what={t("id")} />
        </div>
      }
    >
      <Field label={t("name")} error={errors.name?.message}>
        {(field) => <Input {...field} {...form.register("name")} />}
      </Field>
      <Field label={t("slug")} hint={t("slugHint")} error={errors.slug?.message}>
        {(field) => <Input {...field} className="font-mono" {...form.register("slug")} />}
      </Field>
      <Field label={t("separator")} hint={t("separatorHint", { example: `files${shown}read_file` })} error={errors.separator?.message}>
        {(field) => <Input {...field} className="max-w-24 font-mono" {...form.register("separator")} />}
      </Field>
    </SettingsForm>
  );
}
