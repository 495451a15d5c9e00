import type { ReactNode } from "react";

/** Above a list: what narrows it, and at the end what is done with it. Stays while the list is fetched anew. */
export function ListBar({ children, end }: { children: ReactNode; end: ReactNode }) {
  return (
    <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
      {children}
      <div className="ml-auto flex items-center gap-4">{end}</div>
    </div>
  );
}
