"use client";

import { useTranslations } from "use-intl";

import { Connection } from "@/components/connection-card";
import { CopyField } from "@/components/copy-field";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { useProjectRef } from "@/lib/route";

interface MadeKeyDialogProps {
  open: boolean;
  apiKey: string | undefined;
  onClose: () => void;
}

/**
 * The whole key, this once, with what clients need to use it. It belongs to the page and to no row or form, which may
 * go at any time.
 */
export function MadeKeyDialog({ open, apiKey, onClose }: MadeKeyDialogProps) {
  const t = useTranslations("keys");
  const ref = useProjectRef();
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      <DialogContent
        heading={t("madeHeading")}
        className="max-w-2xl"
        // The key is gone with the dialog, so a stray click must not close it.
        onInteractOutside={(event) => {
          event.preventDefault();
        }}
      >
        {apiKey !== undefined && (
          <DialogBody>
            <Alert tone="warning">{t("madeDescription")}</Alert>
            <CopyField text={apiKey} what={t("key")} />
            <h3 className="text-sm font-semibold">{t("connectNext")}</h3>
            <Connection project={ref.project} apiKey={apiKey} />
          </DialogBody>
        )}
        <DialogFooter>
          <DialogClose asChild>
            <Button variant="primary">{t("made")}</Button>
          </DialogClose>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
