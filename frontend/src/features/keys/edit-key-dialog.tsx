"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { allowanceValues, toAllowance } from "@/components/allowance-fields";
import { Spinner } from "@/components/spinner";
import { Dialog, DialogBody, DialogContent } from "@/components/ui/dialog";
import type { Key } from "@/lib/data/keys";
import { serversQuery } from "@/lib/data/servers";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { EXPIRIES, expiresAt, KeyForm } from "./key-form";
import { useUpdateKey } from "./mutations";
import { scopeValues, toScope } from "./scope-fields";

interface EditKeyDialogProps {
  apiKey: Key;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Changes what a key is allowed; the secret stays the same. */
export function EditKeyDialog({ apiKey, open, onOpenChange }: EditKeyDialogProps) {
  const t = useTranslations("keys");
  const common = useTranslations("common");
  const ref = useProjectRef();
  const servers = useQuery({ ...serversQuery(ref), enabled: open }).data;
  const update = useUpdateKey(ref);
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        update.reset();
        onOpenChange(next);
      }}
    >
      <DialogContent heading={t("editHeading", { name: apiKey.name })} description={t("editDescription")}>
        {servers === undefined ? (
          <DialogBody>
            <Spinner />
          </DialogBody>
        ) : (
          <KeyForm
            values={{
              name: apiKey.name,
              expiry: "keep",
              scope: scopeValues(apiKey.scope, servers),
              limits: allowanceValues(apiKey.limits),
            }}
            expiries={EXPIRIES}
            action={common("save")}
            pending={update.isPending}
            error={update.error}
            onPlaced={update.reset}
            onSubmit={({ name, expiry, scope, limits }, onError) => {
              update.mutate(
                {
                  key: apiKey.id,
                  body: { name, expires_at: expiresAt(expiry, Date.now()), scope: toScope(scope), limits: toAllowance(limits) },
                },
                {
                  onError,
                  onSuccess: () => {
                    toast.success(common("saved"));
                    onOpenChange(false);
                  },
                },
              );
            }}
          />
        )}
      </DialogContent>
    </Dialog>
  );
}
