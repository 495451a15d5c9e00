"use client";

import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useRouter } from "next/navigation";
import { useForm, useWatch } from "react-hook-form";
import { useTranslations } from "use-intl";
import * as z from "zod/mini";

import { CopyField } from "@/components/copy-field";
import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import type { Project } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useUpdateProject } from "./mutations";

/** Name, address and how tools are named on the unified endpoint. */
export function GeneralForm({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const router = useRouter();
  const update = useUpdateProject(project);
  const schema = z.object({
    name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
    slug: z.string().check(z.trim(), z.regex(/^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/, t("slugInvalid"))),
    separator: z.string().check(z.regex(/^[_-]{1,4}$/, t("separatorInvalid"))),
  });
  const { name, slug, separator } = project;
  const form = useForm({ resolver: standardSchemaResolver(schema), values: { name, slug, separator }, mode: "onBlur" });
  const { errors, isDirty } = form.formState;
  const shown = useWatch({ control: form.control, name: "separator" });
  const isLocked = reason !== undefined;
  const submit = form.handleSubmit((values) => {
    update.mutate(values, {
      onSuccess: (after) => {
        toast.success(common("saved"));
        if (after.slug !== slug) router.replace(paths.projectSettings({ project: after.slug }));
      },
    });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <Card>
        <CardHeader heading={t("general")} />
        <CardBody className="grid gap-4">
          {update.isError && <Alert tone="danger">{errorText(update.error)}</Alert>}
          <Field label={t("name")} error={errors.name?.message}>
            {(field) => <Input {...field} readOnly={isLocked} {...form.register("name")} />}
          </Field>
          <Field label={t("slug")} hint={t("slugHint")} error={errors.slug?.message}>
            {(field) => <Input {...field} readOnly={isLocked} className="font-mono" {...form.register("slug")} />}
          </Field>
          <Field label={t("separator")} hint={t("separatorHint", { example: `files${shown}read_file` })} error={errors.separator?.message}>
            {(field) => <Input {...field} readOnly={isLocked} className="max-w-24 font-mono" {...form.register("separator")} />}
          </Field>
          <div className="grid gap-1">
            <span className="text-sm font-medium">{t("id")}</span>
            <CopyField text={project.id} what={t("id")} />
          </div>
        </CardBody>
        {!isLocked && (
          <CardFooter>
            <SubmitButton pending={update.isPending} disabled={!isDirty}>
              {common("save")}
            </SubmitButton>
          </CardFooter>
        )}
      </Card>
    </form>
  );
}
