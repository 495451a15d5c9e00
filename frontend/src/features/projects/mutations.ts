import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import { projectsQuery } from "@/lib/data/projects";

/** Invalidates the list of projects. */
export function useCreateProject() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CreateProjectRequest"]) => read(api.POST("/api/v1/projects", { body })),
    onSuccess: () => queryClient.invalidateQueries(projectsQuery()),
  });
}
