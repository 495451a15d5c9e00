"use client";

import { useQuery } from "@tanstack/react-query";
import { ServerIcon, WrenchIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { StarButton } from "@/components/star-button";
import { Card, CardHeader } from "@/components/ui/card";
import { type Star, starsQuery } from "@/lib/data/stars";
import { paths } from "@/lib/paths";

/** The servers and tools that the user has starred, in all projects; nothing where there are none. */
export function StarredCard() {
  const t = useTranslations("stars");
  const stars = useQuery(starsQuery()).data?.flatMap((star) => (hasServer(star) ? [star] : [])) ?? [];
  if (stars.length === 0) return null;
  return (
    <Card className="mb-5">
      <CardHeader heading={t("heading")} />
      <ul className="divide-y divide-border">
        {stars.map((star) => {
          const { project_id: project, project_slug: slug, server_id: server, server_alias: alias, server_name: name, tool } = star;
          const ref = { project: slug, server: alias };
          const Icon = tool === null ? ServerIcon : WrenchIcon;
          return (
            <li key={star.id} className="flex items-center gap-3 px-4 py-1.5">
              <Icon aria-hidden className="size-4 shrink-0 text-muted-foreground" />
              <Link
                href={tool === null ? paths.server(ref) : paths.serverTools(ref, { kind: "tool", name: tool })}
                className="min-w-0 flex-1 truncate text-sm hover:underline"
              >
                {tool === null ? <span className="font-medium">{name ?? alias}</span> : <code className="text-xs">{tool}</code>}
                <span className="ml-2 text-xs text-muted-foreground">
                  {tool === null ? star.project_name : `${star.project_name} · ${alias}`}
                </span>
              </Link>
              <StarButton target={{ project, server, tool: tool ?? undefined }} name={tool ?? name ?? alias} />
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function hasServer(star: Star): star is Star & { server_id: string; server_alias: string } {
  return star.server_id !== null && star.server_alias !== null;
}
