"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { RefusedLink } from "@/components/refused-link";
import { Card, CardHeader } from "@/components/ui/card";
import { useDuration } from "@/components/use-duration";
import type { Server } from "@/lib/data/servers";
import { type Rank, toolRanksQuery } from "@/lib/data/usage";
import { paths, type ProjectRef } from "@/lib/paths";

import { mostFailing, slowest } from "./ranks";

/** What costs the users of the project most: the slowest tools of the last day, and those that fail most. */
export function ToolRanks({ project, servers }: { project: ProjectRef; servers: Server[] }) {
  const t = useTranslations("overview.ranks");
  const format = useFormatter();
  const duration = useDuration();
  const ranks = useQuery(toolRanksQuery(project)).data?.items;
  if (ranks === undefined) return null;
  const [slow, failing] = [slowest(ranks), mostFailing(ranks)];
  if (slow.length === 0 && failing.length === 0) return null;
  const ms = (rank: Rank) => duration(rank.p95_ms ?? 0);
  const failures = (rank: Rank) =>
    t("failures", {
      errors: format.number(rank.errors),
      share: format.number(rank.errors / rank.calls, { style: "percent", maximumFractionDigits: 0 }),
    });
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <RankCard heading={t("slowest")} hint={t("slowestHint")} ranks={slow} figure={ms} project={project} servers={servers} />
      <RankCard heading={t("failing")} hint={t.rich("failingHint", { link: (chunks) => <RefusedLink>{chunks}</RefusedLink> })} ranks={failing} figure={failures} project={project} servers={servers} />
    </div>
  );
}

interface RankCardProps {
  heading: string;
  hint: ReactNode;
  ranks: Rank[];
  figure: (rank: Rank) => string;
  project: ProjectRef;
  servers: Server[];
}

function RankCard({ heading, hint, ranks, figure, project, servers }: RankCardProps) {
  const t = useTranslations("overview.ranks");
  const aliasOf = (rank: Rank) => servers.find(({ id }) => id === rank.server_id)?.alias;
  return (
    <Card>
      <CardHeader heading={heading} description={hint} />
      {ranks.length === 0 ? (
        <p className="px-4 py-6 text-center text-sm text-muted-foreground">{t("none")}</p>
      ) : (
        <ol className="divide-y divide-border">
          {ranks.map((rank) => {
            const alias = aliasOf(rank);
            return (
              <li key={`${String(rank.server_id)} ${String(rank.kind)} ${rank.label}`} className="flex items-center gap-3 px-4 py-2 text-sm">
                <span className="min-w-0 flex-1 truncate font-mono text-xs" title={rank.label}>
                  {alias === undefined ? (
                    rank.label
                  ) : (
                    <Link
                      href={paths.serverTools({ ...project, server: alias }, { kind: rank.kind ?? undefined, name: rank.label })}
                      className="hover:underline"
                    >
                      <span className="text-muted-foreground">{alias}</span> {rank.label}
                    </Link>
                  )}
                </span>
                <span className="shrink-0 text-xs text-muted-foreground tabular">{figure(rank)}</span>
              </li>
            );
          })}
        </ol>
      )}
    </Card>
  );
}
