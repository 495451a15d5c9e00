import { cn } from "@/lib/cn";

/** Many servers, one endpoint. */
export function Logo({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" aria-hidden className={cn("size-5", className)} fill="none">
      <rect width="24" height="24" rx="6" className="fill-primary" />
      <g className="stroke-primary-foreground" strokeWidth="1.6" strokeLinecap="round">
        <path d="M7 7.2c4.2 0 3.6 4.8 7.6 4.8M7 16.8c4.2 0 3.6-4.8 7.6-4.8M7 12h7.6" />
      </g>
      <circle cx="16.8" cy="12" r="2.2" className="fill-primary-foreground" />
    </svg>
  );
}
