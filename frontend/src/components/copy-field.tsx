import { cn } from "@/lib/cn";

import { CopyButton } from "./copy-button";

/** A value to be copied: an endpoint, a key. */
export function CopyField({ text, what, className }: { text: string; what: string; className?: string }) {
  return (
    <div className={cn("flex min-w-0 items-center gap-1 rounded-md border border-border bg-muted py-0.5 pr-0.5 pl-2.5", className)}>
      <code tabIndex={0} role="textbox" aria-readonly aria-label={what} className="no-scrollbar min-w-0 flex-1 overflow-x-auto font-mono text-xs whitespace-nowrap select-all">
        {text}
      </code>
      <CopyButton text={text} what={what} />
    </div>
  );
}
