/** What the user has starred: projects, servers, tools. Nobody else sees it. */
import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";

export type Star = Schemas["StarView"];

/** By ids, and a tool by its own name. */
export interface StarTarget {
  project: string;
  server?: string;
  tool?: string;
}

export const starsQuery = () =>
  queryOptions({
    queryKey: ["stars"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/stars", { signal })),
    select: (page) => page.items,
    // Nobody else's business, so that no event tells of them: another tab or machine of the user may have more.
    refetchInterval: 30_000,
  });

export function starOn(stars: readonly Star[], { project, server, tool }: StarTarget): Star | undefined {
  return stars.find(
    (star) => star.project_id === project && star.server_id === (server ?? null) && star.tool === (tool ?? null),
  );
}

/** Whether something is starred; nothing is while they are on their way. */
export function useIsStarred(): (target: StarTarget) => boolean {
  const stars = useQuery(starsQuery()).data ?? [];
  return (target) => starOn(stars, target) !== undefined;
}
