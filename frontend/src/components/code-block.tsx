import { cn } from "@/lib/cn";

import { CopyButton } from "./copy-button";

interface CodeBlockProps {
  code: string;
  /** What it is, for screen readers: "command". */
  what: string;
  /** Breaks long lines in place of scrolling. */
  wrap?: boolean;
  className?: string;
}

export function CodeBlock({ code, what, wrap = false, className }: CodeBlockProps) {
  return (
    <div className={cn("group relative min-w-0 rounded-md border border-border bg-muted", className)}>
      <pre
        tabIndex={0}
        role="region"
        aria-label={what}
        className={cn(
          "thin-scrollbar max-h-96 overflow-auto rounded-md p-3 pr-11 font-mono text-xs leading-relaxed",
          wrap && "[overflow-wrap:anywhere] whitespace-pre-wrap",
        )}
      >
        {code}
      </pre>
      <CopyButton text={code} what={what} className="absolute top-1.5 right-1.5 bg-muted" />
    </div>
  );
}
