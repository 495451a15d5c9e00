"use client";

import type { ReactNode } from "react";

import { useAccess } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { Link } from "./link";

/** Words that lead to the calls that were refused, for who sees calls. Those of no server are in no figures of one. */
export function RefusedLink({ children }: { children: ReactNode }) {
  const ref = useProjectRef();
  if (!useAccess().may("call")) return children;
  return (
    <Link href={paths.activity(ref, { outcome: "refused" })} className="underline underline-offset-2 hover:text-foreground">
      {children}
    </Link>
  );
}
