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

import { type TakeDemo, useCreateProject } from "./mutations";
import { DemoFailure, TakeDemoButton } from "./take-demo";

interface CreateProjectDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  demo: TakeDemo;
}

export function CreateProjectDialog({ open, onOpenChange, demo }: CreateProjectDialogProps) {
  const t = useTranslations("projects");
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent heading={t("createHeading")} description={t("createDescription")}>
        <CreateProjectForm />
        <div className="flex flex-wrap items-center justify-between gap-2 border-t border-border px-5 py-3">
          <p className="min-w-0 flex-1 basis-56 text-sm text-muted-foreground">{t("demo.description")}</p>
          <TakeDemoButton demo={demo} />
          <DemoFailure demo={demo} className="w-full" />
        </div>
      </DialogContent>
    </Dialog>
  );
}

function CreateProjectForm() {
  const t = useTranslations("projects");
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  const router = useRouter();
  const create = useCreateProject();
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))),
      slug: z.string().check(z.trim(), z.refine((slug) => slug === "" || SLUG.test(slug), t("slugInvalid"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: { name: "", slug: "" } });
  const { errors, dirtyFields } = form.formState;
  const slugOf = useSlugOf("project");
  const submit = form.handleSubmit(({ name, slug }) => {
    create.mutate(
      { name, slug: slug === "" ? slugOf(name) : slug },
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
      <SubmitFooter pending={create.isPending || create.isSuccess}>{t("create")}</SubmitFooter>
    </form>
  );
}
