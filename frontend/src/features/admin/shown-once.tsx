"use client";

import { useTranslations } from "use-intl";

import { CopyField } from "@/components/copy-field";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";

interface ShownOnceProps {
  open: boolean;
  heading: string;
  /** What it is, for screen readers. */
  what: string;
  text: string | undefined;
  onClose: () => void;
}

/** A password or a link that was made just now, shown this once. */
export function ShownOnce({ open, heading, what, text, onClose }: ShownOnceProps) {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  return (
    <Dialog open={open} onOpenChange={onClose}>
      <DialogContent heading={heading} description={t("shownOnce")} className="max-w-md">
        <DialogBody>
          <CopyField text={text ?? ""} what={what} />
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
