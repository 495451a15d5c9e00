"use client";

import { useQuery } from "@tanstack/react-query";
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
import { toApiError } from "@/lib/api/errors";
import { waysInQuery } from "@/lib/data/ways-in";
import { paths } from "@/lib/paths";

import { Door } from "./door";
import { useResetPassword } from "./mutations";

/** There never was such a link; it was used, or is too old. */
const OVER = [404, 410];

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
  const ways = useQuery(waysInQuery()).data;
  if (reset.isSuccess) {
    return (
      <Door heading={t("reset.doneHeading")} description={t("reset.done")}>
        <Button asChild variant="primary" className="h-9 w-full">
          <Link href={paths.login()}>{t("submit")}</Link>
        </Button>
      </Door>
    );
  }
  const asksForAnother = ways?.mail === true;
  const isOver = reset.isError && OVER.includes(toApiError(reset.error).status);
  if (token === "" || isOver) {
    return (
      <Door heading={t(isOver ? "reset.over" : "reset.heading")} description={`${isOver ? "" : `${t("reset.noToken")} `}${t(asksForAnother ? "reset.askByMail" : "reset.askAdmin")}`}>
        <div className="grid gap-2">
          {asksForAnother && (
            <Button asChild variant="primary" className="h-9 w-full">
              <Link href={paths.forgotPassword()}>{t("reset.another")}</Link>
            </Button>
          )}
          <Button asChild variant={asksForAnother ? "secondary" : "primary"} className="h-9 w-full">
            <Link href={paths.login()}>{t("toLogin")}</Link>
          </Button>
        </div>
      </Door>
    );
  }
  return (
    <Door
      heading={t("reset.heading")}
      description={t("reset.description")}
      footer={
        <Link href={paths.login()} className="font-medium text-foreground underline underline-offset-2">
          {t("toLogin")}
        </Link>
      }
    >
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
