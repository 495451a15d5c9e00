import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import { toApiError } from "@/lib/api/errors";
import { type Project, projectsQuery } from "@/lib/data/projects";

import { DEMO, demoSlug } from "./demo";

function create(body: Schemas["CreateProjectRequest"]): Promise<Project> {
  return read(api.POST("/api/v1/projects", { body }));
}

/** Invalidates the list of projects. */
export function useCreateProject() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: create,
    onSuccess: () => queryClient.invalidateQueries(projectsQuery()),
  });
}

/** So many demos are tried before the last refusal is believed. */
const MOST_DEMOS = 20;

async function createDemo(count = 1): Promise<Project> {
  try {
    return await create({ name: DEMO.name, slug: demoSlug(count) });
  } catch (cause) {
    if (toApiError(cause).code !== "conflict" || count === MOST_DEMOS) throw cause;
    return createDemo(count + 1);
  }
}

export interface Demo {
  project: Project;
  /** Why the project is there without its servers. */
  failure?: unknown;
}

/** Makes a project and imports the demo's servers into it. Invalidates the list of projects. */
export function useTakeDemo() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (): Promise<Demo> => {
      const project = await createDemo();
      try {
        await read(
          api.POST("/api/v1/projects/{project}/import", {
            params: { path: { project: project.slug }, query: { dry_run: false } },
            // The schema names no members of it.
            body: DEMO.config as unknown as Schemas["McpConfig"],
          }),
        );
      } catch (failure) {
        return { project, failure };
      }
      return { project };
    },
    onSettled: () => {
      void queryClient.invalidateQueries(projectsQuery());
    },
  });
}

export type TakeDemo = ReturnType<typeof useTakeDemo>;
