"use client";

import { useQuery } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { profileQuery } from "@/lib/data/profile";

import { useUpdateProfile } from "./mutations";

export function NameForm() {
  const profile = useQuery(profileQuery());
  if (profile.isPending) return <Skeleton className="h-36" />;
  if (profile.isLoadingError) return <ErrorPanel error={profile.error} onRetry={() => void profile.refetch()} />;
  return <Form name={profile.data.name} version={profile.data.version} />;
}

function Form({ name, version }: { name: string; version: number }) {
  const t = useTranslations("profile");
  const update = useUpdateProfile(version);
  const form = useForm({ values: { name } });
  return (
    <SettingsForm heading={t("you")} reason={undefined} form={form} save={update} toRequest={(written) => written}>
      <Field label={t("name")} hint={t("nameHint")} className="max-w-md">
        {(field) => <Input {...field} autoComplete="name" {...form.register("name")} />}
      </Field>
    </SettingsForm>
  );
}
