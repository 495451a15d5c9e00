import type { ReactNode } from "react";

import { CommandPalette } from "@/features/command-palette/command-palette";
import { ConsoleShell } from "@/features/shell/console-shell";

export default function ConsoleLayout({ children }: { children: ReactNode }) {
  return <ConsoleShell search={<CommandPalette />}>{children}</ConsoleShell>;
}
