import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { limitsQuery } from "@/lib/data/limits";
import { type Project, projectQuery, projectsQuery } from "@/lib/data/projects";
import type { ProjectRef } from "@/lib/paths";

/** Changes the project that was seen; invalidates it and the list. */
export function useUpdateProject(project: Project) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["UpdateProjectRequest"]) =>
      read(api.PATCH("/api/v1/projects/{project}", { params: { path: { project: project.id }, header: ifMatch(project.version) }, body })),
    onSuccess: (after) => {
      queryClient.setQueryData(projectQuery({ project: after.slug }).queryKey, after);
      return queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
    },
  });
}

/** Replaces the limits of the version that was seen. */
export function usePutLimits(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ version, limits }: { version: number; limits: Schemas["Limits"] }) =>
      read(api.PUT("/api/v1/projects/{project}/limits", { params: { path: ref, header: ifMatch(version) }, body: limits })),
    onSuccess: (after) => {
      queryClient.setQueryData(limitsQuery(ref).queryKey, after);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: limitsQuery(ref).queryKey }),
  });
}

/** Invalidates the list. */
export function useDeleteProject() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version }: { id: string; version: number }) =>
      read(api.DELETE("/api/v1/projects/{project}", { params: { path: { project: id }, header: ifMatch(version) } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey }),
  });
}
