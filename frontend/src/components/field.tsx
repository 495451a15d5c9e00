"use client";

import { type ReactNode, useId } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";

interface ControlProps {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

interface FieldProps {
  label: ReactNode;
  /** What to write, below the control. */
  hint?: ReactNode;
  /** What is wrong with what is written. */
  error?: ReactNode;
  optional?: boolean;
  className?: string;
  /** Gives the control; it takes all the props. */
  children: (props: ControlProps) => ReactNode;
}

/** A labelled control of a form, with its hint and its error. */
export function Field({ label, hint, error, optional = false, className, children }: FieldProps) {
  const t = useTranslations("common");
  const id = useId();
  const hasError = error !== undefined && error !== null && error !== "";
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const described = [hasError ? errorId : undefined, hint === undefined ? undefined : hintId].filter(Boolean).join(" ");
  return (
    <div className={cn("grid min-w-0 content-start gap-1", className)}>
      <label htmlFor={id} className="flex items-baseline gap-1.5 text-sm font-medium">
        {label}
        {optional && <span className="text-xs font-normal text-muted-foreground">{t("optional")}</span>}
      </label>
      {children({ id, "aria-describedby": described === "" ? undefined : described, "aria-invalid": hasError || undefined })}
      {hasError && (
        <p id={errorId} className="text-sm text-danger">
          {error}
        </p>
      )}
      {hint !== undefined && (
        <p id={hintId} className="text-xs text-muted-foreground">
          {hint}
        </p>
      )}
    </div>
  );
}
