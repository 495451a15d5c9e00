"use client";

import { useTranslations } from "use-intl";

import type { Call } from "@/lib/data/activity";

import { CodeBlock } from "./code-block";
import { CopyField } from "./copy-field";
import { Dialog, DialogBody, DialogContent } from "./ui/dialog";

interface CallArgumentsDialogProps {
  open: boolean;
  call: Call | undefined;
  onClose: () => void;
}

/** What was kept of the arguments of one call. */
export function CallArgumentsDialog({ open, call, onClose }: CallArgumentsDialogProps) {
  const t = useTranslations("activity");
  return (
    <Dialog open={open} onOpenChange={onClose}>
      <DialogContent
        heading={t("argumentsOf", { name: call?.target ?? "" })}
        description={t(typeof call?.arguments === "string" ? "argumentsRedacted" : "argumentsDigest")}
      >
        <DialogBody className="pb-5">
          {typeof call?.arguments === "string" && <CodeBlock code={indented(call.arguments)} what={t("arguments")} wrap />}
          {typeof call?.arguments_digest === "string" && <CopyField text={call.arguments_digest} what={t("digest")} />}
        </DialogBody>
      </DialogContent>
    </Dialog>
  );
}

/** What was cut is no JSON any more, and stays as it is. */
function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
