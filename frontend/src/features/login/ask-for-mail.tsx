"use client";

import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { Link } from "@/components/link";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { paths } from "@/lib/paths";

import { Door } from "./door";
import { useAskForMail } from "./mutations";

/** Takes an address and says that a mail is on its way, whether there is an account or not. */
export function AskForMail({ what }: { what: "password" | "account" }) {
  const t = useTranslations("login");
  const errorText = useErrorText();
  const ask = useAskForMail(what);
  const resolver = useSchema((z) => z.object({ email: z.string().check(z.trim(), z.regex(/^\S+@\S+$/, t("emailInvalid"))) }));
  const form = useForm({ resolver, defaultValues: { email: "" } });
  const submit = form.handleSubmit(({ email }) => {
    ask.mutate(email);
  });
  return (
    <Door
      heading={t(`ask.${what}.heading`)}
      description={t(`ask.${what}.description`)}
      footer={
        <Link href={paths.login()} className="font-medium text-foreground underline underline-offset-2">
          {t("toLogin")}
        </Link>
      }
    >
      {ask.isSuccess ? (
        <Alert tone="success" heading={t("sent")}>
          {t(`ask.${what}.sent`)}
        </Alert>
      ) : (
        <form noValidate onSubmit={(event) => void submit(event)} className="grid gap-4 rounded-xl border border-border bg-card p-5">
          {ask.isError && <Alert tone="danger">{errorText(ask.error)}</Alert>}
          <Field label={t("email")} error={form.formState.errors.email?.message}>
            {(field) => <Input {...field} type="email" autoComplete="username" className="h-9" {...form.register("email")} />}
          </Field>
          <SubmitButton pending={ask.isPending} className="h-9 w-full">
            {t("send")}
          </SubmitButton>
        </form>
      )}
    </Door>
  );
}
