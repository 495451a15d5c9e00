"use client";

import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import type { Team } from "@/lib/data/teams";
import { SLUG } from "@/lib/slug";

import { useUpdateTeam } from "./mutations";

const valuesOf = ({ name, slug }: Team) => ({ name, slug });

export function RenameTeam({ team }: { team: Team }) {
  const t = useTranslations("teams");
  const update = useUpdateTeam(team);
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
      slug: z.string().check(z.trim(), z.regex(SLUG, t("slugInvalid"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: valuesOf(team) });
  const settings = useSettings(form, team, valuesOf);
  const { errors } = form.formState;
  return (
    <SettingsForm
      heading={t("general")}
      reason={undefined}
      settings={settings}
      save={update}
      toRequest={(body) => ({ version: settings.opened.version, body })}
      places={() => ({ name: "name", slug: "slug" })}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("name")} error={errors.name?.message}>
          {(field) => <Input {...field} {...form.register("name")} />}
        </Field>
        <Field label={t("slug")} error={errors.slug?.message}>
          {(field) => <Input {...field} className="font-mono" {...form.register("slug")} />}
        </Field>
      </div>
    </SettingsForm>
  );
}
