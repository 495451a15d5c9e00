"use client";

import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { useRouter } from "next/navigation";
import type { ReactNode } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";
import * as z from "zod/mini";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { placeFieldErrors } from "@/components/form-errors";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter, DialogTrigger } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { paths } from "@/lib/paths";

import { useCreateProject } from "./mutations";

export function CreateProjectDialog({ trigger }: { trigger: ReactNode }) {
  const t = useTranslations("projects");
  return (
    <Dialog>
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      <DialogContent heading={t("createHeading")} description={t("createDescription")}>
        <CreateProjectForm />
      </DialogContent>
    </Dialog>
  );
}

function CreateProjectForm() {
  const t = useTranslations("projects");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const router = useRouter();
  const create = useCreateProject();
  const schema = z.object({ name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))), slug: z.string().check(z.trim()) });
  const form = useForm({ resolver: standardSchemaResolver(schema), defaultValues: { name: "", slug: "" } });
  const { errors } = form.formState;
  const submit = form.handleSubmit(({ name, slug }) => {
    create.mutate(
      { name, slug: slug === "" ? undefined : slug },
      {
        onSuccess: (project) => {
          router.push(paths.project({ project: project.slug }));
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
          {(field) => <Input {...field} autoComplete="off" {...form.register("name")} />}
        </Field>
        <Field label={t("slug")} optional hint={t("slugHint")} error={errors.slug?.message}>
          {(field) => <Input {...field} autoComplete="off" spellCheck={false} className="font-mono" {...form.register("slug")} />}
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        <SubmitButton pending={create.isPending || create.isSuccess}>{t("create")}</SubmitButton>
      </DialogFooter>
    </form>
  );
}
