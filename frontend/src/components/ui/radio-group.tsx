"use client";

import { RadioGroup as Primitive } from "radix-ui";
import { type ComponentProps, type ReactNode, useId } from "react";

import { cn } from "@/lib/cn";

export function RadioGroup({ className, ...props }: ComponentProps<typeof Primitive.Root>) {
  return <Primitive.Root className={cn("grid gap-2", className)} {...props} />;
}

interface RadioCardProps extends ComponentProps<typeof Primitive.Item> {
  label: ReactNode;
  hint?: ReactNode;
}

/** One choice with a word on what it means. */
export function RadioCard({ label, hint, className, ...props }: RadioCardProps) {
  const id = useId();
  return (
    <label
      htmlFor={id}
      className={cn(
        "flex cursor-pointer items-start gap-2.5 rounded-lg border border-border px-3 py-2.5 transition-colors hover:bg-muted has-data-[state=checked]:border-ring has-data-[state=checked]:bg-brand-subtle/50",
        className,
      )}
    >
      <Primitive.Item
        id={id}
        className="mt-0.5 size-4 shrink-0 rounded-full border border-input bg-background data-[state=checked]:border-[5px] data-[state=checked]:border-brand"
        {...props}
      />
      <span className="min-w-0">
        <span className="block text-sm font-medium">{label}</span>
        {hint !== undefined && <span className="block text-sm text-muted-foreground">{hint}</span>}
      </span>
    </label>
  );
}
