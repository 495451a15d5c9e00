"use client";

import { useRouter } from "next/navigation";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { placeFieldErrors } from "@/components/form-errors";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import type { Team } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useUpdateTeam } from "./mutations";

export function RenameTeam({ team }: { team: Team }) {
  const t = useTranslations("teams");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const router = useRouter();
  const update = useUpdateTeam(team);
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
      slug: z.string().check(z.trim(), z.regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, t("slugInvalid"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: { name: team.name, slug: team.slug }, mode: "onBlur" });
  const { errors, isDirty } = form.formState;
  const submit = form.handleSubmit((values) => {
    update.mutate(values, {
      onSuccess: (after) => {
        toast.success(common("saved"));
        if (after.slug !== team.slug) router.replace(paths.team(after.slug));
      },
      onError: (cause) => {
        if (placeFieldErrors(cause, form, { name: "name", slug: "slug" })) update.reset();
      },
    });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <Card>
        <CardHeader heading={t("general")} />
        <CardBody className="grid gap-4 sm:grid-cols-2">
          {update.isError && (
            <Alert tone="danger" className="sm:col-span-2">
              {errorText(update.error)}
            </Alert>
          )}
          <Field label={t("name")} error={errors.name?.message}>
            {(field) => <Input {...field} {...form.register("name")} />}
          </Field>
          <Field label={t("slug")} error={errors.slug?.message}>
            {(field) => <Input {...field} className="font-mono" {...form.register("slug")} />}
          </Field>
        </CardBody>
        <CardFooter>
          <SubmitButton pending={update.isPending} disabled={!isDirty}>
            {common("save")}
          </SubmitButton>
        </CardFooter>
      </Card>
    </form>
  );
}
