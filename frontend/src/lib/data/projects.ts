/** Projects, which most features need. What changes them is in `features/projects`. */
import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";

import { type Action, may, neededRole, type Role } from "../access";
import { api, read, type Schemas } from "../api/client";
import { all } from "../api/pages";
import type { ProjectRef } from "../paths";
import { useProjectRef } from "../route";
import { readNamed } from "./named";

export type Project = Schemas["ProjectView"];

export const projectsQuery = () =>
  queryOptions({
    queryKey: ["projects"],
    queryFn: ({ signal }) =>
      all((cursor) => read(api.GET("/api/v1/projects", { params: { query: { limit: 200, cursor } }, signal }))),
  });

export const projectQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project],
    queryFn: (context) =>
      readNamed(context, ref.project, (project) =>
        read(api.GET("/api/v1/projects/{project}", { params: { path: { project } }, signal: context.signal })),
      ),
  });

/** The project of the URL. */
export function useProject(): Project {
  return useSuspenseQuery(projectQuery(useProjectRef())).data;
}

/** What the user may do in the project of the URL. */
export function useAccess(): { role: Role; may: (action: Action) => boolean; needed: (action: Action) => Role | undefined } {
  const { role } = useProject();
  return { role, may: (action) => may(role, action), needed: (action) => neededRole(role, action) };
}
