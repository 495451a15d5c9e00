"use client";

import { useTranslations } from "use-intl";

import { Connection } from "@/components/connection-card";
import { CopyField } from "@/components/copy-field";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { DialogBody, DialogClose, DialogFooter } from "@/components/ui/dialog";
import { useProjectRef } from "@/lib/route";

/** The whole key, this once, with what clients need to use it. */
export function MadeKey({ apiKey }: { apiKey: string }) {
  const t = useTranslations("keys");
  const ref = useProjectRef();
  return (
    <>
      <DialogBody>
        <Alert tone="warning">{t("madeDescription")}</Alert>
        <CopyField text={apiKey} what={t("key")} />
        <h3 className="text-sm font-semibold">{t("connectNext")}</h3>
        <Connection project={ref.project} apiKey={apiKey} />
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button variant="primary">{t("made")}</Button>
        </DialogClose>
      </DialogFooter>
    </>
  );
}
