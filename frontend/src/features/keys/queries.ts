import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import { all } from "@/lib/api/pages";
import type { ProjectRef } from "@/lib/paths";

export type Key = Schemas["KeyView"];

export const keysQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "keys"],
    queryFn: ({ signal }) =>
      all((cursor) =>
        read(api.GET("/api/v1/projects/{project}/keys", { params: { path: ref, query: { limit: 200, cursor } }, signal })),
      ),
    refetchInterval: 20_000,
  });

/** Names of who made keys. Only members of the project appear; others show as an id. */
export const membersQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "members"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/members", { params: { path: ref }, signal })),
    staleTime: 60_000,
  });
