"use client";

import { useTranslations } from "use-intl";

import { CopyField } from "@/components/copy-field";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";

interface ShownOnceProps {
  heading: string;
  /** What it is, for screen readers. */
  what: string;
  /** Nothing is shown without it. */
  text: string | undefined;
  onClose: () => void;
}

/** A password or a link that was made just now, shown this once. */
export function ShownOnce({ heading, what, text, onClose }: ShownOnceProps) {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  return (
    <Dialog open={text !== undefined} onOpenChange={onClose}>
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
