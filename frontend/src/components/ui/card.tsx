import type { ComponentProps, ReactNode } from "react";

import { cn } from "@/lib/cn";

export function Card({ className, ...props }: ComponentProps<"section">) {
  return <section className={cn("min-w-0 rounded-lg border border-border bg-card", className)} {...props} />;
}

interface CardHeaderProps {
  heading: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  className?: string;
}

export function CardHeader({ heading, description, actions, className }: CardHeaderProps) {
  return (
    <header className={cn("flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-border px-4 py-2.5", className)}>
      <div className="min-w-0 flex-1">
        <h2 className="text-base font-semibold">{heading}</h2>
        {description !== undefined && <p className="text-sm text-muted-foreground">{description}</p>}
      </div>
      {actions !== undefined && <div className="flex shrink-0 items-center gap-2">{actions}</div>}
    </header>
  );
}

export function CardBody({ className, ...props }: ComponentProps<"div">) {
  return <div className={cn("p-4", className)} {...props} />;
}

export function CardFooter({ className, ...props }: ComponentProps<"footer">) {
  return (
    <footer
      className={cn("flex flex-wrap items-center justify-end gap-2 border-t border-border px-4 py-2.5", className)}
      {...props}
    />
  );
}
