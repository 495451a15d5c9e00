import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { limitsQuery } from "@/lib/data/limits";
import { type Project, projectQuery, projectsQuery } from "@/lib/data/projects";
import type { ProjectRef } from "@/lib/paths";

/**
 * Refused when somebody else was quicker. Changes go one after another, so that each knows the version that the one before
 * has left. Invalidates the project and the list.
 */
export function useUpdateProject({ id, slug }: Project) {
  const queryClient = useQueryClient();
  return useMutation({
    scope: { id: `project ${id}` },
    mutationFn: ({ version, body }: { version: () => number; body: Schemas["UpdateProjectRequest"] }) =>
      read(api.PATCH("/api/v1/projects/{project}", { params: { path: { project: id }, header: ifMatch(version()) }, body })),
    onSuccess: (after) => {
      for (const project of [id, slug]) queryClient.setQueryData(projectQuery({ project }).queryKey, after);
      return queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
    },
    onError: () =>
      Promise.all([id, slug].map((project) => queryClient.invalidateQueries({ queryKey: projectQuery({ project }).queryKey, exact: true }))),
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

/** Invalidates the list; who waits for it may find nothing here any more before the page has left. */
export function useDeleteProject() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, version }: { id: string; version: number }) =>
      read(api.DELETE("/api/v1/projects/{project}", { params: { path: { project: id }, header: ifMatch(version) } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
    },
  });
}
