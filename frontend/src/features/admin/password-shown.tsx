"use client";

import { useTranslations } from "use-intl";

import { CopyField } from "@/components/copy-field";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";

/** A password that was generated just now, shown this once. */
export function PasswordShown({ shown, onClose }: { shown: { email: string; password: string } | undefined; onClose: () => void }) {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  return (
    <Dialog open={shown !== undefined} onOpenChange={onClose}>
      <DialogContent heading={t("passwordOf", { name: shown?.email ?? "" })} description={t("shownOnce")} className="max-w-md">
        <DialogBody>
          <CopyField text={shown?.password ?? ""} what={t("password")} />
        </DialogBody>
        <DialogFooter>
          <DialogClose asChild>
            <Button variant="primary">{common("done")}</Button>
          </DialogClose>
        </DialogFooter>
      </DialogContent>
    </Dialog>
  );
}
