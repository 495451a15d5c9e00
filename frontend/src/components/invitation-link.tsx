"use client";

import { useTranslations } from "use-intl";

import type { IssuedInvitation } from "@/lib/data/invitations";

import { CopyField } from "./copy-field";
import { Alert } from "./ui/alert";
import { Button } from "./ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "./ui/dialog";

interface InvitationLinkProps {
  open: boolean;
  issued: IssuedInvitation | undefined;
  onClose: () => void;
}

/** What was just issued: a mail goes out, or the link is shown this once. */
export function InvitationLink({ open, issued, onClose }: InvitationLinkProps) {
  const t = useTranslations("invitations");
  const common = useTranslations("common");
  const link = issued?.link ?? null;
  return (
    <Dialog open={open} onOpenChange={onClose}>
      <DialogContent heading={t("issued", { email: issued?.invitation.email ?? "" })} className="max-w-lg">
        <DialogBody>
          {link === null ? (
            <Alert tone="success">{t("mailed")}</Alert>
          ) : (
            <>
              <p className="text-sm text-muted-foreground">{t("linkHint")}</p>
              <CopyField text={link} what={t("link")} />
            </>
          )}
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
