"use client";

import { useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { CheckIcon, FolderIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { Avatar } from "@/components/ui/avatar";
import { projectsQuery } from "@/lib/data/projects";
import { paths } from "@/lib/paths";

const ITEM =
  "flex h-8 cursor-pointer items-center gap-2 rounded-md px-2 text-sm data-[selected=true]:bg-accent [&_svg]:size-4 [&_svg]:shrink-0";

/** The projects to choose from, with a search. Apart from its button, as it is fetched when it is opened. */
export function ProjectList({ currentId, onChoose }: { currentId: string | undefined; onChoose: (href: string) => void }) {
  const t = useTranslations("shell");
  const projects = useQuery(projectsQuery()).data ?? [];
  return (
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
              onChoose(paths.project({ project: project.slug }));
            }}
          >
            <Avatar name={project.name} square className="size-5" />
            <span className="min-w-0 flex-1 truncate">{project.name}</span>
            {project.id === currentId && <CheckIcon aria-hidden />}
          </Command.Item>
        ))}
        <Command.Item
          value="all-projects"
          forceMount
          className={ITEM}
          onSelect={() => {
            onChoose(paths.projects());
          }}
        >
          <FolderIcon aria-hidden className="text-muted-foreground" />
          {t("allProjects")}
        </Command.Item>
      </Command.List>
    </Command>
  );
}
