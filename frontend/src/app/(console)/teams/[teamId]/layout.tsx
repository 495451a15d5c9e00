import type { ReactNode } from "react";

import { PLACEHOLDER } from "@/lib/paths";

/** Exported once; the daemon answers every team with it. */
export function generateStaticParams() {
  return [{ teamId: PLACEHOLDER }];
}

export default function TeamLayout({ children }: { children: ReactNode }) {
  return children;
}
