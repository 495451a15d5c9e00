"use client";

import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { Button } from "@/components/ui/button";
import { paths } from "@/lib/paths";

/** Where accepting makes no account: for who has one, and a word to who has none. */
export function LogInFirst({ token, email }: { token: string; email: string }) {
  const t = useTranslations("invitation");
  return (
    <>
      <p className="text-sm [overflow-wrap:anywhere]">{t("logInFirst", { email })}</p>
      <Button asChild variant="primary" className="h-9">
        <Link href={paths.login({ next: paths.invitation(), token })}>{t("logIn")}</Link>
      </Button>
      <p className="text-sm text-muted-foreground">{t("askForAccount")}</p>
    </>
  );
}
