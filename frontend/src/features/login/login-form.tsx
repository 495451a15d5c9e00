"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { safeNext } from "@/lib/paths";

import { useLogin } from "./mutations";

export function LoginForm() {
  const t = useTranslations("login");
  const errorText = useErrorText();
  const router = useRouter();
  const next = safeNext(useSearchParams().get("next"));
  const login = useLogin();
  const resolver = useSchema((z) =>
    z.object({
      email: z.string().check(z.trim(), z.regex(/^\S+@\S+$/, t("emailInvalid"))),
      password: z.string().check(z.minLength(1, t("passwordMissing"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: { email: "", password: "" } });
  const { errors } = form.formState;
  const submit = form.handleSubmit((values) => {
    login.mutate(values, {
      onSuccess: () => {
        router.replace(next + location.hash);
      },
    });
  });
  return (
    <form
      noValidate
      onSubmit={(event) => void submit(event)}
      className="grid gap-4 rounded-xl border border-border bg-card p-5"
    >
      {login.isError && <Alert tone="danger">{errorText(login.error)}</Alert>}
      <Field label={t("email")} error={errors.email?.message}>
        {(field) => (
          <Input {...field} type="email" autoComplete="username" autoFocus className="h-9" {...form.register("email")} />
        )}
      </Field>
      <Field label={t("password")} error={errors.password?.message}>
        {(field) => (
          <Input {...field} type="password" autoComplete="current-password" className="h-9" {...form.register("password")} />
        )}
      </Field>
      <SubmitButton pending={login.isPending || login.isSuccess} className="h-9 w-full">
        {t("submit")}
      </SubmitButton>
    </form>
  );
}
