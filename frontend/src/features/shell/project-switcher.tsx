"use client";

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { CheckIcon, ChevronsUpDownIcon, FolderIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { Avatar } from "@/components/ui/avatar";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { projectsQuery } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

const ITEM =
  "flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm data-[selected=true]:bg-accent [&_svg]:size-4 [&_svg]:shrink-0";

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
        <Command label={t("switchProject")}>
          <Command.Input
            placeholder={t("findProject")}
            className="h-9 w-full border-b border-border bg-transparent px-3 text-sm outline-none"
          />
          <Command.List className="thin-scrollbar max-h-72 overflow-y-auto p-1">
            <Command.Empty className="px-2 py-4 text-center text-sm text-muted-foreground">{t("noProjectFound")}</Command.Empty>
            {projects.map((project) => (
              <Command.Item
                key={project.id}
                value={project.slug}
                keywords={[project.name]}
                className={ITEM}
                onSelect={() => {
                  go(paths.project({ project: project.slug }));
                }}
              >
                <Avatar name={project.name} square className="size-5" />
                <span className="min-w-0 flex-1 truncate">{project.name}</span>
                {project.id === current?.id && <CheckIcon aria-hidden />}
              </Command.Item>
            ))}
            <Command.Item
              value="all-projects"
              forceMount
              className={ITEM}
              onSelect={() => {
                go(paths.projects());
              }}
            >
              <FolderIcon aria-hidden className="text-muted-foreground" />
              {t("allProjects")}
            </Command.Item>
          </Command.List>
        </Command>
      </PopoverContent>
    </Popover>
  );
}
