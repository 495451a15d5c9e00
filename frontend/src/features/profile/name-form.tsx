"use client";

import { useQuery } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { profileQuery } from "@/lib/data/profile";
import { toast } from "@/lib/toasts";

import { useUpdateProfile } from "./mutations";

export function NameForm() {
  const profile = useQuery(profileQuery());
  if (profile.isPending) return <Skeleton className="h-36" />;
  if (profile.isError) return <ErrorPanel error={profile.error} onRetry={() => void profile.refetch()} />;
  return <Form key={profile.data.name} name={profile.data.name} version={profile.data.version} />;
}

function Form({ name, version }: { name: string; version: number }) {
  const t = useTranslations("profile");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const update = useUpdateProfile(version, {
    onSuccess: () => {
      toast.success(common("saved"));
    },
  });
  const form = useForm({ defaultValues: { name } });
  const submit = form.handleSubmit((values) => {
    update.mutate(values);
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <Card>
        <CardHeader heading={t("you")} />
        <CardBody className="grid max-w-md gap-4">
          {update.isError && <Alert tone="danger">{errorText(update.error)}</Alert>}
          <Field label={t("name")} hint={t("nameHint")}>
            {(field) => <Input {...field} autoComplete="name" {...form.register("name")} />}
          </Field>
        </CardBody>
        <CardFooter>
          <SubmitButton pending={update.isPending} disabled={!form.formState.isDirty}>
            {common("save")}
          </SubmitButton>
        </CardFooter>
      </Card>
    </form>
  );
}
