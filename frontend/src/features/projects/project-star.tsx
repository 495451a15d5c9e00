"use client";

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { StarIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Button } from "@/components/ui/button";
import { api, read } from "@/lib/api/client";
import { cn } from "@/lib/cn";
import type { Project } from "@/lib/data/projects";
import { toast } from "@/lib/toasts";

import { starsQuery } from "./queries";

/** The ids of the projects that the user has starred. */
export function useStarredProjects(): ReadonlySet<string> {
  const stars = useQuery(starsQuery()).data ?? [];
  return new Set(stars.filter((star) => star.server_id === null).map((star) => star.project_id));
}

export function ProjectStar({ project }: { project: Project }) {
  const t = useTranslations("projects");
  const errorText = useErrorText();
  const queryClient = useQueryClient();
  const stars = useQuery(starsQuery()).data;
  const star = stars?.find(({ project_id: id, server_id: server }) => id === project.id && server === null);
  const toggle = useMutation({
    mutationFn: async () => {
      if (star === undefined) await read(api.POST("/api/v1/stars", { body: { project: project.id } }));
      else await read(api.DELETE("/api/v1/stars/{star}", { params: { path: { star: star.id } } }));
    },
    onSettled: () => queryClient.invalidateQueries(starsQuery()),
    onError: (cause) => {
      toast.error(errorText(cause));
    },
  });
  const isStarred = toggle.isPending ? star === undefined : star !== undefined;
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-pressed={isStarred}
      aria-label={t("star", { name: project.name })}
      onClick={() => {
        toggle.mutate();
      }}
    >
      <StarIcon className={cn(isStarred ? "fill-warning-mark text-warning-mark" : "text-muted-foreground")} />
    </Button>
  );
}
