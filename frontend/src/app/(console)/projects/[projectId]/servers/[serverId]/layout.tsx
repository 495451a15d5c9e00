import type { ReactNode } from "react";

import { ServerFrame } from "@/features/shell/server-frame";
import { PLACEHOLDER } from "@/lib/paths";

/** Exported once; the daemon answers every server with it. */
export function generateStaticParams() {
  return [{ serverId: PLACEHOLDER }];
}

export default function ServerLayout({ children }: { children: ReactNode }) {
  return <ServerFrame>{children}</ServerFrame>;
}
