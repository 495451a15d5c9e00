import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

import { cn } from "@/lib/cn";

interface EmptyStateProps {
  icon: LucideIcon;
  heading: ReactNode;
  description?: ReactNode;
  /** Where it stands for a whole page, its heading is the page's. */
  isPage?: boolean;
  /** The next step. */
  actions?: ReactNode;
  className?: string;
}

/** Where a list has nothing: says why, and what to do next. */
export function EmptyState({ icon: Icon, heading, description, isPage = false, actions, className }: EmptyStateProps) {
  const Heading = isPage ? "h1" : "h2";
  return (
    <div className={cn("flex flex-col items-center px-6 py-14 text-center", className)}>
      <span className="mb-3 flex size-10 items-center justify-center rounded-lg border border-border bg-muted text-muted-foreground">
        <Icon aria-hidden className="size-5" />
      </span>
      <Heading className="text-base font-semibold">{heading}</Heading>
      {description !== undefined && (
        <p className="mt-1 max-w-md text-sm text-balance text-muted-foreground">{description}</p>
      )}
      {actions !== undefined && <div className="mt-4 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}
