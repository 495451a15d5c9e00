import type { ComponentProps } from "react";

import { cn } from "@/lib/cn";

const FIELD =
  "w-full min-w-0 rounded-md border border-input bg-background text-base text-foreground transition-colors hover:border-foreground/50 disabled:cursor-not-allowed disabled:opacity-60 aria-invalid:border-danger focus-visible:outline-offset-0";

export function Input({ className, type = "text", ...props }: ComponentProps<"input">) {
  return <input type={type} className={cn(FIELD, "h-8 px-2.5", className)} {...props} />;
}

export function Textarea({ className, ...props }: ComponentProps<"textarea">) {
  return <textarea className={cn(FIELD, "min-h-20 px-2.5 py-1.5", className)} {...props} />;
}

/** The platform's own list: it works with every keyboard, on every phone and with every screen reader. */
export function Select({ className, ...props }: ComponentProps<"select">) {
  return (
    <select
      className={cn(
        FIELD,
        "h-8 appearance-none bg-(image:--chevron) bg-[position:right_0.5rem_center] bg-no-repeat py-0 pr-8 pl-2.5",
        className,
      )}
      {...props}
    />
  );
}
