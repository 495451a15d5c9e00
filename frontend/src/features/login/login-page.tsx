"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useEffect } from "react";
import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { meQuery } from "@/lib/data/session";
import { waysInQuery } from "@/lib/data/ways-in";
import { paths, safeNext } from "@/lib/paths";

import { Door } from "./door";
import { LoginForm } from "./login-form";

const LINK = "font-medium text-foreground underline underline-offset-2";

export function LoginPage() {
  const t = useTranslations("login");
  const ways = useQuery(waysInQuery()).data;
  useLeaveLoggedIn();
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

/** Who is logged in has nothing to do here. What is known from before may be of a login that is over: it is asked for anew. */
function useLeaveLoggedIn(): void {
  const router = useRouter();
  const me = useQuery({ ...meQuery(), retry: false, refetchOnMount: "always" });
  const isLoggedIn = me.isFetchedAfterMount && me.isSuccess;
  useEffect(() => {
    if (isLoggedIn) router.replace(safeNext(new URLSearchParams(location.search).get("next")) + location.hash);
  }, [isLoggedIn, router]);
}
