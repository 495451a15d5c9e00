"use client";

import { useTranslations } from "use-intl";

import { Logo } from "@/components/logo";

import { LoginForm } from "./login-form";

export function LoginPage() {
  const t = useTranslations("login");
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center bg-sidebar px-4 py-10">
      <div className="w-full max-w-88">
        <Logo className="mx-auto mb-5 size-9" />
        <h1 className="mb-6 text-center text-xl font-semibold tracking-tight">{t("heading")}</h1>
        <LoginForm />
        <p className="mt-6 text-center text-xs text-balance text-muted-foreground">{t("noAccount")}</p>
      </div>
    </main>
  );
}
