"use client";

import { Link } from "@/components/link";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { paths } from "@/lib/paths";

import { useRedeem } from "./mutations";

/** For who has no account yet. Who has one logs in and comes back. */
export function RedeemForm({ token, email, onDone }: { token: string; email: string; onDone: (isLoggedIn: boolean) => void }) {
  const t = useTranslations("invitation");
  const errorText = useErrorText();
  const redeem = useRedeem();
  const resolver = useSchema((z) =>
    z.object({
      name: z.string().check(z.trim()),
      password: z.string().check(z.minLength(10, t("length")), z.maxLength(256, t("length"))),
    }),
  );
  const form = useForm({ resolver, defaultValues: { name: "", password: "" } });
  const submit = form.handleSubmit((values) => {
    redeem.mutate({ token, email, ...values }, { onSuccess: onDone });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)} className="grid gap-4">
      {/* What the browser's store of passwords files the new one under. */}
      <input type="hidden" autoComplete="username" value={email} readOnly />
      {redeem.isError && <Alert tone="danger">{errorText(redeem.error)}</Alert>}
      <Field label={t("name")} optional>
        {(field) => <Input {...field} autoComplete="name" className="h-9" {...form.register("name")} />}
      </Field>
      <Field label={t("password")} hint={t("length")} error={form.formState.errors.password?.message}>
        {(field) => <Input {...field} type="password" autoComplete="new-password" className="h-9" {...form.register("password")} />}
      </Field>
      <SubmitButton pending={redeem.isPending || redeem.isSuccess} className="h-9">
        {t("makeAccount")}
      </SubmitButton>
      <p className="text-center text-sm text-balance text-muted-foreground">
        {t("haveAccount")}{" "}
        <Link href={paths.login({ next: paths.invitation(), token })} className="text-brand underline">
          {t("logInInstead")}
        </Link>
      </p>
    </form>
  );
}
