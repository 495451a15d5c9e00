"use client";

import type { ComponentProps } from "react";
import { useTranslations } from "use-intl";

import { SubmitButton } from "./submit-button";
import { Button } from "./ui/button";
import { DialogClose, DialogFooter } from "./ui/dialog";

/** Below the fields of a form in a dialog: leaves it, or submits it. */
export function SubmitFooter(props: ComponentProps<typeof SubmitButton>) {
  const common = useTranslations("common");
  return (
    <DialogFooter>
      <DialogClose asChild>
        <Button>{common("cancel")}</Button>
      </DialogClose>
      <SubmitButton {...props} />
    </DialogFooter>
  );
}
