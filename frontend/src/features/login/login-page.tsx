"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { paths } from "@/lib/paths";

import { Door } from "./door";
import { LoginForm } from "./login-form";
import { waysInQuery } from "./queries";

const LINK = "font-medium text-foreground underline underline-offset-2";

export function LoginPage() {
  const t = useTranslations("login");
  const ways = useQuery(waysInQuery()).data;
  return (
    <Door
      heading={t("heading")}
      footer={
        <>
          {ways?.sign_up === "open" && ways.mail ? (
            <Link href={paths.signUp()} className={LINK}>
              {t("toSignUp")}
            </Link>
          ) : (
            t("noAccount")
          )}
          {ways?.mail === true && (
            <p className="mt-2">
              <Link href={paths.forgotPassword()} className={LINK}>
                {t("toForgotPassword")}
              </Link>
            </p>
          )}
        </>
      }
    >
      <LoginForm />
    </Door>
  );
}
