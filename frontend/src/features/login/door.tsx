import type { ReactNode } from "react";

import { Logo } from "@/components/logo";
import { PageTitle } from "@/components/page-title";

/** The frame of what can be seen without a login. */
export function Door({ heading, description, footer, children }: { heading: string; description?: string; footer?: ReactNode; children: ReactNode }) {
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center bg-sidebar px-4 py-10">
      <PageTitle parts={[heading]} />
      <div className="w-full max-w-88">
        <Logo className="mx-auto mb-5 size-9" />
        <h1 className="text-center text-xl font-semibold tracking-tight">{heading}</h1>
        {description !== undefined && (
          <p className="mt-1 text-center text-sm text-balance text-muted-foreground">{description}</p>
        )}
        <div className="mt-6">{children}</div>
        {footer !== undefined && <div className="mt-6 text-center text-xs text-balance text-muted-foreground">{footer}</div>}
      </div>
    </main>
  );
}
