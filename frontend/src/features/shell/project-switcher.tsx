"use client";

import { useQuery } from "@tanstack/react-query";
import { ChevronsUpDownIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { lazy, Suspense, useState } from "react";
import { useTranslations } from "use-intl";

import { Avatar } from "@/components/ui/avatar";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { Skeleton } from "@/components/ui/skeleton";
import { projectsQuery } from "@/lib/data/projects";
import { useProjectRef } from "@/lib/route";

const ProjectList = lazy(() => import("./project-list").then((module) => ({ default: module.ProjectList })));

export function ProjectSwitcher({ onNavigate }: { onNavigate?: () => void }) {
  const t = useTranslations("shell");
  const router = useRouter();
  const [isOpen, setOpen] = useState(false);
  const projects = useQuery(projectsQuery()).data ?? [];
  const ref = useProjectRef();
  const current = projects.find((project) => project.slug === ref.project || project.id === ref.project);
  const name = current?.name ?? ref.project;
  const go = (href: string) => {
    setOpen(false);
    onNavigate?.();
    router.push(href);
  };
  return (
    <Popover open={isOpen} onOpenChange={setOpen}>
      <PopoverTrigger
        aria-label={`${t("switchProject")}: ${name}`}
        className="flex h-9 w-full items-center gap-2 rounded-md border border-border bg-background px-2 text-left text-sm font-medium hover:bg-accent"
      >
        <Avatar name={name} square className="size-5" />
        <span className="min-w-0 flex-1 truncate">{name}</span>
        <ChevronsUpDownIcon aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
      </PopoverTrigger>
      <PopoverContent className="w-68 p-0" aria-label={t("switchProject")}>
        <Suspense fallback={<Skeleton className="m-2 h-24" />}>
          <ProjectList currentId={current?.id} onChoose={go} />
        </Suspense>
      </PopoverContent>
    </Popover>
  );
}
