/** The latest calls of a project, as far as the user may see them. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Call = Schemas["CallView"];

export const recentCallsQuery = (ref: ProjectRef, limit: number) =>
  queryOptions({
    queryKey: ["project", ref.project, "calls", "recent", limit],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/calls", { params: { path: ref, query: { limit } }, signal })),
    select: (page) => page.items,
    refetchInterval: 5_000,
  });
