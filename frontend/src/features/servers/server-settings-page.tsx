"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { GuardedButton } from "@/components/guarded-button";
import { PageHeader } from "@/components/page-header";
import { SaveProblem } from "@/components/save-problem";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useRoleReason } from "@/components/use-role-reason";
import { useSettings } from "@/components/use-settings";
import { type Server, serverQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { useDeleteServer, useUpdateServer } from "./mutations";
import { ServerForm, useServerForm } from "./server-form";
import { toUpdateRequest, valuesOf } from "./server-form-values";

const RunningForms = lazy(() => import("./running-forms").then((module) => ({ default: module.RunningForms })));

/** Of arguments the fields say nothing but that there are some. */
const partOf = (server: Server) => [valuesOf(server), server.transport];

export function ServerSettingsPage() {
  const { data: server } = useSuspenseQuery(serverQuery(useServerRef()));
  // The address alone does not tell React that this is another server.
  return <ServerSettings key={server.id} server={server} />;
}

function ServerSettings({ server }: { server: Server }) {
  const t = useTranslations("serverSettings");
  const common = useTranslations("common");
  const servers = useTranslations("servers");
  const ref = useServerRef();
  const router = useRouter();
  const reason = useRoleReason("manageServers");
  const update = useUpdateServer(ref);
  const remove = useDeleteServer(ref);
  const [isDeleting, setDeleting] = useState(false);
  const settings = useSettings(useServerForm(valuesOf(server)), server, valuesOf, partOf);
  const { opened } = settings;
  return (
    <>
      <PageHeader title={t("title")} />
      <div className="grid max-w-3xl gap-4">
        {reason !== undefined && <Alert tone="info">{reason}</Alert>}
        <Card>
          <CardHeader heading={t("configuration")} description={t("configurationHint")} />
          <ServerForm
            form={settings.form}
            storedArgs={opened.transport.type === "stdio" ? opened.transport.arg_count : 0}
            problem={<SaveProblem save={update} overtaken={settings.overtaken} />}
            disabled={reason !== undefined}
            onSubmit={(values, onError) => {
              const isSaved = settings.send();
              update.mutate(
                { version: settings.version, body: toUpdateRequest(values, opened) },
                {
                  onError,
                  onSuccess: (changed) => {
                    isSaved(changed);
                    toast.success(common("saved"));
                  },
                },
              );
            }}
            footer={(isDirty) =>
              reason === undefined ? (
                <SubmitButton pending={update.isPending} disabled={!isDirty}>
                  {common("save")}
                </SubmitButton>
              ) : (
                <GuardedButton variant="primary" reason={reason}>
                  {common("save")}
                </GuardedButton>
              )
            }
          />
        </Card>
        <Suspense fallback={<Skeleton className="h-96" />}>
          <RunningForms project={ref} server={server} reason={reason} />
        </Suspense>
        <Card className="border-danger/40">
          <CardHeader heading={t("dangerZone")} />
          <CardBody className="flex flex-wrap items-center gap-3">
            <div className="min-w-0 flex-1 basis-60 text-sm">
              <p className="font-medium">{t("delete")}</p>
              <p className="text-muted-foreground">{servers("deleteDescription")}</p>
            </div>
            <GuardedButton
              reason={reason}
              variant="danger"
              onClick={() => {
                setDeleting(true);
              }}
            >
              {servers("deleteAction")}
            </GuardedButton>
          </CardBody>
        </Card>
      </div>
      <ConfirmDialog
        open={isDeleting}
        onOpenChange={setDeleting}
        heading={servers("deleteHeading", { name: server.name })}
        description={servers("deleteDescription")}
        action={servers("deleteAction")}
        word={server.alias}
        mutation={remove}
        variables={server.alias}
        onDone={() => {
          router.push(paths.servers(ref));
        }}
      />
    </>
  );
}
