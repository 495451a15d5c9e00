"use client";

import { useRouter } from "next/navigation";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { useFieldErrors } from "@/components/form-errors";
import { GuardedButton } from "@/components/guarded-button";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { useUnsaved } from "@/lib/leaving";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { useCreateServer } from "./mutations";
import { SandboxFields, useSandboxForm } from "./sandbox-fields";
import { MODES, NEW_SANDBOX, PLACES, type SandboxValues } from "./sandbox-values";
import { ServerForm, useServerForm } from "./server-form";
import { NEW_SERVER, toCreateRequest } from "./server-form-values";

/** Adds a server by form. */
export function NewServer() {
  const t = useTranslations("addServer");
  const ref = useProjectRef();
  const router = useRouter();
  const reason = useRoleReason("manageServers");
  const create = useCreateServer(ref);
  const form = useServerForm(NEW_SERVER);
  const sandbox = useSandboxForm(NEW_SANDBOX);
  const errorText = useErrorText();
  const placeFieldErrors = useFieldErrors();
  useUnsaved(sandbox.formState.isDirty);
  return (
    <Card className="max-w-3xl">
      <ServerForm
        form={form}
        problem={create.isError && <Alert tone="danger">{errorText(create.error)}</Alert>}
        disabled={reason !== undefined}
        onSubmit={(values, onError) => {
          const send = (confined?: SandboxValues) => {
            create.mutate(toCreateRequest(values, confined), {
              onError: (cause) => {
                onError(cause);
                placeFieldErrors(cause, sandbox, PLACES);
              },
              onSuccess: (server) => {
                router.push(paths.server({ ...ref, server: server.alias }));
              },
            });
          };
          if (values.type === "stdio") void sandbox.handleSubmit(send)();
          else send();
        }}
        ofProcess={
          <fieldset className="grid gap-4">
            <legend className="mb-2 text-sm font-medium">{t("sandbox")}</legend>
            <SandboxFields form={sandbox} modes={MODES} disabled={reason !== undefined} />
          </fieldset>
        }
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
