"use client";

import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { useFieldErrors } from "@/components/form-errors";
import { SubmitFooter } from "@/components/submit-footer";
import { Alert } from "@/components/ui/alert";
import { Checkbox } from "@/components/ui/checkbox";
import { Dialog, DialogBody, DialogContent } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { toast } from "@/lib/toasts";

import { useCreateUser } from "./mutations";
import { ShownOnce } from "./shown-once";

export function CreateUserDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("admin");
  const [shown, setShown] = useState<{ email: string; password: string }>();
  return (
    <>
      <Dialog open={open} onOpenChange={onOpenChange}>
        <DialogContent heading={t("createUser")} description={t("createUserDescription")} className="max-w-md">
          <CreateUserForm
            onDone={(email, password) => {
              onOpenChange(false);
              if (password !== undefined) setShown({ email, password });
            }}
          />
        </DialogContent>
      </Dialog>
      <ShownOnce
        open={shown !== undefined}
        heading={t("passwordOf", { name: shown?.email ?? "" })}
        what={t("password")}
        text={shown?.password}
        onClose={() => {
          setShown(undefined);
        }}
      />
    </>
  );
}

function CreateUserForm({ onDone }: { onDone: (email: string, password: string | undefined) => void }) {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  const create = useCreateUser();
  const resolver = useSchema((z) =>
    z.object({
      email: z.string().check(z.trim(), z.regex(/^\S+@\S+$/, t("emailInvalid"))),
      name: z.string().check(z.trim()),
    }),
  );
  const form = useForm({ resolver, defaultValues: { email: "", name: "" } });
  const [isAdmin, setAdmin] = useState(false);
  const submit = form.handleSubmit((values) => {
    create.mutate(
      { ...values, instance_admin: isAdmin },
      {
        onSuccess: (created) => {
          toast.success(t("userCreated", { name: values.email }));
          onDone(values.email, created.generated_password ?? undefined);
        },
        onError: (cause) => {
          if (placeFieldErrors(cause, form, { email: "email", name: "name" })) create.reset();
        },
      },
    );
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <DialogBody>
        {create.isError && <Alert tone="danger">{errorText(create.error)}</Alert>}
        <Field label={t("email")} error={form.formState.errors.email?.message}>
          {(field) => <Input {...field} type="email" autoComplete="off" {...form.register("email")} />}
        </Field>
        <Field label={t("name")} optional error={form.formState.errors.name?.message}>
          {(field) => <Input {...field} autoComplete="off" {...form.register("name")} />}
        </Field>
        <label className="flex items-start gap-2 text-sm">
          <Checkbox
            className="mt-0.5"
            checked={isAdmin}
            onCheckedChange={(checked) => {
              setAdmin(checked === true);
            }}
          />
          <span>
            <span className="block font-medium">{t("instanceAdmin")}</span>
            <span className="block text-muted-foreground">{t("instanceAdminHint")}</span>
          </span>
        </label>
      </DialogBody>
      <SubmitFooter pending={create.isPending}>{common("create")}</SubmitFooter>
    </form>
  );
}
