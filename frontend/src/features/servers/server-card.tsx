"use client";

import { Link } from "@/components/link";

import { StarButton } from "@/components/star-button";
import { ServerStateBadge } from "@/components/server-state-badge";
import { isFailing } from "@/lib/data/server-states";
import type { Server } from "@/lib/data/servers";
import { paths, type ProjectRef } from "@/lib/paths";

import { ServerActions } from "./server-actions";
import { transportText } from "./transport-text";

export function ServerCard({ project, server }: { project: ProjectRef; server: Server }) {
  return (
    <article className="relative flex h-full flex-col rounded-lg border border-border bg-card p-4 transition-colors hover:border-foreground/30">
      <div className="flex items-start gap-2">
        <div className="min-w-0 flex-1">
          <h2 className="truncate text-base font-semibold">
            <Link href={paths.server({ ...project, server: server.alias })} className="outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-ring">
              {server.name}
            </Link>
          </h2>
          <p className="truncate font-mono text-xs text-muted-foreground">{transportText(server)}</p>
        </div>
        <div className="relative -mt-1 -mr-1.5 flex">
          <StarButton target={{ project: server.project_id, server: server.id }} name={server.name} />
          <ServerActions project={project} server={server} />
        </div>
      </div>
      <div className="mt-3 flex min-w-0 items-center gap-3 text-sm">
        <ServerStateBadge state={server.status.state} />
        <span className="min-w-0 flex-1 truncate text-xs text-muted-foreground">
          {isFailing(server.status.state) ? server.status.reason : server.status.implementation}
        </span>
      </div>
    </article>
  );
}
