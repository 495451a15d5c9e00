"use client";

import { useTranslations } from "use-intl";

import { NO_ALLOWANCE, toAllowance } from "@/components/allowance-fields";
import { Dialog, DialogContent } from "@/components/ui/dialog";
import { useProjectRef } from "@/lib/route";

import { EXPIRIES, expiresAt, KeyForm, type KeyFormValues } from "./key-form";
import { useCreateKey } from "./mutations";
import { toScope, WHOLE_SCOPE } from "./scope-fields";

const NEW_KEY: KeyFormValues = { name: "", expiry: "never", scope: WHOLE_SCOPE, limits: NO_ALLOWANCE };

interface CreateKeyDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  /** Shows the key: it is not shown again. */
  onMade: (key: string) => void;
}

export function CreateKeyDialog({ open, onOpenChange, onMade }: CreateKeyDialogProps) {
  const t = useTranslations("keys");
  const create = useCreateKey(useProjectRef(), (key) => {
    onOpenChange(false);
    onMade(key);
  });
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        create.reset();
        onOpenChange(next);
      }}
    >
      <DialogContent heading={t("createHeading")} description={t("createDescription")}>
        <KeyForm
          values={NEW_KEY}
          expiries={EXPIRIES.filter((choice) => choice !== "keep")}
          action={t("createAction")}
          pending={create.isPending}
          error={create.error}
          onPlaced={create.reset}
          onSubmit={({ name, expiry, scope, limits }, onError) => {
            create.mutate(
              { name, expires_at: expiresAt(expiry, Date.now()), scope: toScope(scope), limits: toAllowance(limits) },
              { onError },
            );
          }}
        />
      </DialogContent>
    </Dialog>
  );
}
