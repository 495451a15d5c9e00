"use client";

import { CheckIcon, CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";
import { copyText } from "@/lib/clipboard";

import { Button, type ButtonProps } from "./ui/button";

interface CopyButtonProps extends Omit<ButtonProps, "children" | "onClick"> {
  text: string;
  /** What is copied, for screen readers: "endpoint". */
  what: string;
  /** Shows the word beside the icon. */
  labelled?: boolean;
}

export function CopyButton({ text, what, labelled = false, variant = "ghost", className, ...props }: CopyButtonProps) {
  const t = useTranslations("common");
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return undefined;
    const timer = setTimeout(() => {
      setCopied(false);
    }, 1_600);
    return () => {
      clearTimeout(timer);
    };
  }, [isCopied]);
  const Icon = isCopied ? CheckIcon : CopyIcon;
  return (
    <Button
      variant={variant}
      size={labelled ? "sm" : "icon-sm"}
      aria-label={isCopied ? t("copied") : t("copyValue", { what })}
      className={className}
      onClick={() => {
        void copyText(text).then(setCopied);
      }}
      {...props}
    >
      <Icon className={cn(isCopied && "text-success")} />
      {labelled && (isCopied ? t("copied") : t("copy"))}
    </Button>
  );
}
