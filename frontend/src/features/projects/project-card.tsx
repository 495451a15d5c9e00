"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { Link } from "@/components/link";
import { RoleBadge } from "@/components/role-badge";
import { ServerStateDot } from "@/components/server-state-badge";
import { Avatar } from "@/components/ui/avatar";
import { useInSight } from "@/components/use-in-sight";
import type { Project } from "@/lib/data/projects";
import { isFailing } from "@/lib/data/server-states";
import { type Server, serversQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";

export function ProjectCard({ project, star }: { project: Project; star?: React.ReactNode }) {
  const [watch, isInSight] = useInSight();
  const servers = useQuery({ ...serversQuery({ project: project.slug }), enabled: isInSight && project.counts.servers > 0 });
  return (
    <article
      ref={watch}
      className="relative rounded-lg border border-border bg-card p-4 transition-colors focus-within:border-ring hover:border-foreground/30"
    >
      <div className="flex items-start gap-3">
        <Avatar name={project.name} square className="size-8 text-sm" />
        <div className="min-w-0 flex-1">
          <h2 className="truncate text-base font-semibold">
            <Link href={paths.project({ project: project.slug })} className="outline-none after:absolute after:inset-0 after:rounded-lg focus-visible:after:outline-2 focus-visible:after:outline-ring">
              {project.name}
            </Link>
          </h2>
          <p className="truncate font-mono text-xs text-muted-foreground">{project.slug}</p>
        </div>
        <div className="relative flex items-center gap-1">
          <RoleBadge role={project.role} />
          {star}
        </div>
      </div>
      <div className="mt-4 flex h-5 items-center text-sm text-muted-foreground">
        <ServerSummary count={project.counts.servers} servers={servers.data} />
      </div>
    </article>
  );
}

/** How many there are is known at once; how they are, when they have been asked for. */
function ServerSummary({ count, servers = [] }: { count: number; servers: Server[] | undefined }) {
  const t = useTranslations("projects");
  const failing = servers.filter((server) => isFailing(server.status.state)).length;
  const running = servers.filter((server) => server.status.state === "ready").length;
  if (count === 0) return <span>{t("noServers")}</span>;
  return (
    <span className="flex flex-wrap items-center gap-x-3">
      <span>{t("servers", { count })}</span>
      {running > 0 && (
        <span className="flex items-center gap-1.5">
          <ServerStateDot state="ready" />
          {t("running", { count: running })}
        </span>
      )}
      {failing > 0 && (
        <span className="flex items-center gap-1.5 text-danger">
          <ServerStateDot state="backing_off" />
          {t("failing", { count: failing })}
        </span>
      )}
    </span>
  );
}
