"use client";

import { useTranslations } from "use-intl";

import type { AuditEntry } from "@/lib/data/activity";

import { RelativeTime } from "./relative-time";
import { Badge } from "./ui/badge";

interface AuditRowsProps {
  entries: AuditEntry[];
  /** What somebody is called; undefined for who is not known any more. */
  nameOf: (id: string | null) => string | undefined;
}

/** Who did what to what, a line each. */
export function AuditRows({ entries, nameOf }: AuditRowsProps) {
  const t = useTranslations("activity");
  return (
    <ul className="divide-y divide-border">
      {entries.map((entry) => (
        <li key={entry.id} className="row-in-sight flex flex-wrap items-baseline gap-x-3 gap-y-0.5 px-4 py-2 text-sm">
          <span className="font-medium">{nameOf(entry.user_id) ?? t(`via.${entry.via as "login"}`)}</span>
          <Badge tone={entry.action === "access.refuse" ? "warning" : "outline"} className="font-mono">
            {entry.action}
          </Badge>
          <span className="min-w-0 [overflow-wrap:anywhere]">{entry.target.name}</span>
          {entry.detail !== "" && <span className="min-w-0 text-muted-foreground [overflow-wrap:anywhere]">{entry.detail}</span>}
          <RelativeTime at={entry.at} className="ml-auto text-xs text-muted-foreground" />
        </li>
      ))}
    </ul>
  );
}
