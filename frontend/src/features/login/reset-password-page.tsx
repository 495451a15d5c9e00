"use client";

import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { Link } from "@/components/link";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { paths } from "@/lib/paths";

import { Door } from "./door";
import { useResetPassword } from "./mutations";

/** The token stands behind the # of the link, so that no server and no log ever sees it. */
export function ResetPasswordPage() {
  const t = useTranslations("login");
  const errorText = useErrorText();
  const [token] = useState(() => location.hash.slice(1));
  // It leaves the address once the page stands: what renders may be thrown away and rendered again.
  useEffect(() => {
    if (location.hash !== "") history.replaceState(null, "", location.pathname);
  }, []);
  const reset = useResetPassword();
  const resolver = useSchema((z) => z.object({ password: z.string().check(z.minLength(10, t("passwordShort")), z.maxLength(256, t("passwordShort"))) }));
  const form = useForm({ resolver, defaultValues: { password: "" } });
  const submit = form.handleSubmit(({ password }) => {
    reset.mutate({ token, password });
  });
  const toLogin = (
    <Button asChild variant="primary" className="h-9 w-full">
      <Link href={paths.login()}>{t("submit")}</Link>
    </Button>
  );
  if (reset.isSuccess) {
    return (
      <Door heading={t("reset.doneHeading")} description={t("reset.done")}>
        {toLogin}
      </Door>
    );
  }
  if (token === "") {
    return (
      <Door heading={t("reset.heading")} description={t("reset.noToken")}>
        {toLogin}
      </Door>
    );
  }
  return (
    <Door heading={t("reset.heading")} description={t("reset.description")}>
      <form noValidate onSubmit={(event) => void submit(event)} className="grid gap-4 rounded-xl border border-border bg-card p-5">
        {reset.isError && <Alert tone="danger">{errorText(reset.error)}</Alert>}
        <Field label={t("reset.password")} hint={t("passwordShort")} error={form.formState.errors.password?.message}>
          {(field) => <Input {...field} type="password" autoComplete="new-password" className="h-9" {...form.register("password")} />}
        </Field>
        <SubmitButton pending={reset.isPending} className="h-9 w-full">
          {t("reset.submit")}
        </SubmitButton>
      </form>
    </Door>
  );
}
