"use client";

import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import { NO_ALLOWANCE, toAllowance } from "@/components/allowance-fields";
import { Dialog, DialogContent, DialogTrigger } from "@/components/ui/dialog";
import { useProjectRef } from "@/lib/route";

import { EXPIRIES, expiresAt, KeyForm, type KeyFormValues } from "./key-form";
import { useCreateKey } from "./mutations";
import { toScope, WHOLE_SCOPE } from "./scope-fields";

const NEW_KEY: KeyFormValues = { name: "", expiry: "never", scope: WHOLE_SCOPE, limits: NO_ALLOWANCE };

interface CreateKeyDialogProps {
  trigger: ReactNode;
  /** Shows the key: it is not shown again. */
  onMade: (key: string) => void;
}

export function CreateKeyDialog({ trigger, onMade }: CreateKeyDialogProps) {
  const t = useTranslations("keys");
  const [isOpen, setOpen] = useState(false);
  const create = useCreateKey(useProjectRef(), (key) => {
    setOpen(false);
    onMade(key);
  });
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => {
        create.reset();
        setOpen(open);
      }}
    >
      <DialogTrigger asChild>{trigger}</DialogTrigger>
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
