"use client";

import { useQuery } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { useSettings } from "@/components/use-settings";
import { type Profile, profileQuery } from "@/lib/data/profile";

import { useUpdateProfile } from "./mutations";

const valuesOf = ({ name }: Profile) => ({ name });

export function NameForm() {
  const profile = useQuery(profileQuery());
  if (profile.isPending) return <Skeleton className="h-36" />;
  if (profile.isLoadingError) return <ErrorPanel error={profile.error} onRetry={() => void profile.refetch()} />;
  return <Form profile={profile.data} />;
}

function Form({ profile }: { profile: Profile }) {
  const t = useTranslations("profile");
  const update = useUpdateProfile();
  const form = useForm({ defaultValues: valuesOf(profile) });
  const settings = useSettings(form, profile, valuesOf);
  return (
    <SettingsForm
      heading={t("you")}
      reason={undefined}
      settings={settings}
      save={update}
      toRequest={(body) => ({ version: settings.version, body })}
    >
      <Field label={t("name")} hint={t("nameHint")} className="max-w-md">
        {(field) => <Input {...field} autoComplete="name" {...form.register("name")} />}
      </Field>
    </SettingsForm>
  );
}
