"use client";

import { useRouter } from "next/navigation";
import type { ChangeEvent } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { useFieldErrors } from "@/components/form-errors";
import { SubmitFooter } from "@/components/submit-footer";
import { Alert } from "@/components/ui/alert";
import { Dialog, DialogBody, DialogContent } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSlugOf } from "@/components/use-slug-of";
import { paths } from "@/lib/paths";
import { SLUG } from "@/lib/slug";

import { useCreateTeam } from "./mutations";

export function CreateTeamDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("teams");
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent heading={t("create")} description={t("createHint")} className="max-w-md">
        <CreateTeamForm />
      </DialogContent>
    </Dialog>
  );
}

function CreateTeamForm() {
  const t = useTranslations("teams");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  const router = useRouter();
  const create = useCreateTeam();
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
      slug: z.string().check(z.trim(), z.refine((slug) => slug === "" || SLUG.test(slug), t("slugInvalid"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: { name: "", slug: "" } });
  const { errors, dirtyFields } = form.formState;
  const slugOf = useSlugOf("team");
  const submit = form.handleSubmit(({ name, slug }) => {
    create.mutate(
      { name, slug: slug === "" ? slugOf(name) : slug },
      {
        onSuccess: (team) => {
          router.push(paths.team(team.slug));
        },
        onError: (cause) => {
          if (placeFieldErrors(cause, form, { name: "name", slug: "slug" })) create.reset();
        },
      },
    );
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <DialogBody>
        {create.isError && <Alert tone="danger">{errorText(create.error)}</Alert>}
        <Field label={t("name")} error={errors.name?.message}>
          {(field) => (
            <Input
              {...field}
              autoComplete="off"
              {...form.register("name", {
                onChange: (event: ChangeEvent<HTMLInputElement>) => {
                  // Until somebody writes one.
                  if (dirtyFields.slug !== true) form.setValue("slug", slugOf(event.target.value));
                },
              })}
            />
          )}
        </Field>
        <Field label={t("slug")} hint={t("slugHint")} error={errors.slug?.message}>
          {(field) => <Input {...field} autoComplete="off" spellCheck={false} className="font-mono" {...form.register("slug")} />}
        </Field>
      </DialogBody>
      <SubmitFooter pending={create.isPending}>{common("create")}</SubmitFooter>
    </form>
  );
}
