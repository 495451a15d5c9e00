import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import type { ProjectRef } from "@/lib/paths";

/** Whether there is any key yet. */
export const firstKeyQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "keys", "first"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/keys", { params: { path: ref, query: { limit: 1 } }, signal })),
    select: (page) => page.items.length > 0,
    refetchInterval: 10_000,
  });
