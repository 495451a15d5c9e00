import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import type { ProjectRef } from "@/lib/paths";

/** Names of who made keys. Only members of the project appear; others show as an id. */
export const membersQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "members"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/members", { params: { path: ref }, signal })),
    staleTime: 60_000,
  });
