"use client";

import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitFooter } from "@/components/submit-footer";
import { Alert } from "@/components/ui/alert";
import { Dialog, DialogBody, DialogContent } from "@/components/ui/dialog";
import { Select } from "@/components/ui/input";
import type { Key } from "@/lib/data/keys";
import { useProjectRef } from "@/lib/route";

import { useRotateKey } from "./mutations";

const OVERLAPS = ["0", "3600", "86400", "604800"] as const;

interface RotateKeyDialogProps {
  apiKey: Key;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Shows the new key: it is not shown again. */
  onMade: (key: string) => void;
}

export function RotateKeyDialog({ apiKey, open, onOpenChange, onMade }: RotateKeyDialogProps) {
  const t = useTranslations("keys");
  const errorText = useErrorText();
  const rotate = useRotateKey(useProjectRef(), (key) => {
    onOpenChange(false);
    onMade(key);
  });
  const [overlap, setOverlap] = useState<(typeof OVERLAPS)[number]>("86400");
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        rotate.reset();
        onOpenChange(next);
      }}
    >
      <DialogContent heading={t("rotateHeading", { name: apiKey.name })} description={t("rotateDescription")} className="max-w-md">
        <form
          onSubmit={(event) => {
            event.preventDefault();
            rotate.mutate({ key: apiKey.id, overlapSeconds: Number(overlap) });
          }}
        >
          <DialogBody>
            {rotate.isError && <Alert tone="danger">{errorText(rotate.error)}</Alert>}
            <Field label={t("overlap")} hint={overlap === "0" ? t("overlapNone") : t("overlapSome")}>
              {(field) => (
                <Select
                  {...field}
                  value={overlap}
                  onChange={(event) => {
                    setOverlap(event.target.value as typeof overlap);
                  }}
                >
                  {OVERLAPS.map((choice) => (
                    <option key={choice} value={choice}>
                      {t(`overlaps.${choice}`)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          </DialogBody>
          <SubmitFooter pending={rotate.isPending}>{t("rotateAction")}</SubmitFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}
