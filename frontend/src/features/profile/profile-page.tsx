"use client";

import { useTranslations } from "use-intl";

import { OwnInvitations } from "@/components/own-invitations";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { useMe } from "@/lib/data/session";

import { AppearanceCard } from "./appearance-card";
import { LoginsCard } from "./logins-card";
import { NameForm } from "./name-form";
import { PasswordForm } from "./password-form";

/** The own account. */
export function ProfilePage() {
  const t = useTranslations("profile");
  const me = useMe();
  return (
    <>
      <PageHeader title={me.name || me.email} badge={me.instance_admin && <Badge tone="brand">{t("instanceAdmin")}</Badge>} description={me.name === "" ? undefined : me.email} />
      <div className="grid max-w-3xl gap-5">
        <OwnInvitations />
        <NameForm />
        <PasswordForm />
        <LoginsCard />
        <AppearanceCard />
      </div>
    </>
  );
}
