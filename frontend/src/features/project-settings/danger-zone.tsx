"use client";

import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { GuardedButton } from "@/components/guarded-button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import type { Project } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useDeleteProject } from "./mutations";

export function DangerZone({ project, reason }: { project: Project; reason: string | undefined }) {
  const t = useTranslations("projectSettings");
  const router = useRouter();
  const remove = useDeleteProject();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card className="border-danger/40">
      <CardHeader heading={t("danger")} />
      <CardBody className="flex flex-wrap items-center gap-4">
        <div className="min-w-0 flex-1 basis-60">
          <p className="text-sm font-medium">{t("delete")}</p>
          <p className="text-sm text-muted-foreground">{t("deleteHint")}</p>
        </div>
        <GuardedButton
          reason={reason}
          variant="danger"
          onClick={() => {
            setOpen(true);
          }}
        >
          {t("delete")}
        </GuardedButton>
      </CardBody>
      <ConfirmDialog
        open={isOpen}
        onOpenChange={setOpen}
        heading={t("deleteHeading", { name: project.name })}
        description={t("deleteDescription")}
        action={t("delete")}
        word={project.slug}
        mutation={remove}
        variables={{ id: project.id, version: project.version }}
        onDone={() => {
          toast.success(t("deleted", { name: project.name }));
          router.replace(paths.projects());
        }}
      />
    </Card>
  );
}
