"use client";

import { useRouter } from "next/navigation";
import { useTranslations } from "use-intl";

import { GuardedButton } from "@/components/guarded-button";
import { SubmitButton } from "@/components/submit-button";
import { Card } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { useCreateServer } from "./mutations";
import { ServerForm } from "./server-form";
import { NEW_SERVER, toCreateRequest } from "./server-form-values";

/** Adds a server by form. */
export function NewServer() {
  const t = useTranslations("addServer");
  const ref = useProjectRef();
  const router = useRouter();
  const reason = useRoleReason("manageServers");
  const create = useCreateServer(ref);
  return (
    <Card className="max-w-3xl">
      <ServerForm
        values={NEW_SERVER}
        error={create.error}
        disabled={reason !== undefined}
        onSubmit={(values, onError) => {
          create.mutate(toCreateRequest(values), {
            onError,
            onSuccess: (server) => {
              router.push(paths.server({ ...ref, server: server.alias }));
            },
          });
        }}
        footer={() =>
          reason === undefined ? (
            <SubmitButton pending={create.isPending || create.isSuccess}>{t("add")}</SubmitButton>
          ) : (
            <GuardedButton reason={reason} variant="primary">
              {t("add")}
            </GuardedButton>
          )
        }
      />
    </Card>
  );
}
