"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronsUpDownIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { lazy } from "react";
import { useTranslations } from "use-intl";

import { LazyTrigger } from "@/components/lazy-trigger";
import { Avatar } from "@/components/ui/avatar";
import { useMayLeave } from "@/components/use-may-leave";
import { projectsQuery } from "@/lib/data/projects";
import { useProjectRef } from "@/lib/route";

const load = () => import("./project-popover");
const ProjectPopover = lazy(() => load().then((module) => ({ default: module.ProjectPopover })));

export function ProjectSwitcher({ onNavigate }: { onNavigate?: () => void }) {
  const t = useTranslations("shell");
  const router = useRouter();
  const mayLeave = useMayLeave();
  const projects = useQuery(projectsQuery()).data ?? [];
  const ref = useProjectRef();
  const current = projects.find((project) => project.slug === ref.project || project.id === ref.project);
  const name = current?.name ?? ref.project;
  const trigger = (
    <button
      type="button"
      aria-label={`${t("switchProject")}: ${name}`}
      className="flex h-9 w-full items-center gap-2 rounded-md border border-border bg-background px-2 text-left text-sm font-medium hover:bg-accent"
    >
      <Avatar name={name} square className="size-5" />
      <span className="min-w-0 flex-1 truncate">{name}</span>
      <ChevronsUpDownIcon aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
    </button>
  );
  return (
    <LazyTrigger trigger={trigger} opens="dialog" load={load}>
      {() => (
        <ProjectPopover
          trigger={trigger}
          currentId={current?.id}
          onChoose={(href) => {
            if (!mayLeave()) return;
            onNavigate?.();
            router.push(href);
          }}
        />
      )}
    </LazyTrigger>
  );
}
