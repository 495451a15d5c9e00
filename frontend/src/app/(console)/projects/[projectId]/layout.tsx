import type { ReactNode } from "react";

import { PLACEHOLDER } from "@/lib/paths";

/** Exported once; the daemon answers every project with it. */
export function generateStaticParams() {
  return [{ projectId: PLACEHOLDER }];
}

export default function ProjectLayout({ children }: { children: ReactNode }) {
  return children;
}
