/** What happened in a project, which several features show. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Call = Schemas["CallView"];

export interface ActivityFilter {
  /** A part of a name. */
  search: string;
  /** Of calls: one of the outcomes, `failed` for all but `ok`; empty for every one. */
  outcome: string;
  /** Why they were refused or limited; empty for every reason, and for none. */
  reason: string;
  isLive: boolean;
  /** Only calls to this one, by id. */
  server?: string;
}

const PAGE = 100;
/** While nobody has looked further than the first page, it is kept true. */
const LIVE = 5_000;

/** The filter is the daemon's: it searches all there is, not what is loaded. */
export const activityQuery = (ref: ProjectRef, { search, outcome, reason, isLive, server }: ActivityFilter) =>
  infiniteQueryOptions({
    queryKey: ["project", ref.project, "activity", search, outcome, reason, server ?? ""],
    queryFn: ({ pageParam, signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/activity", {
          params: {
            path: ref,
            query: {
              type: "call",
              limit: PAGE,
              cursor: pageParam,
              search: search === "" ? undefined : search,
              outcome: outcome === "" ? undefined : outcome,
              reason: reason === "" ? undefined : reason,
              server,
            },
          },
          signal,
        }),
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (isLive && (query.state.data?.pages.length ?? 0) <= 1 ? LIVE : false),
  });

/** The latest changes that everybody may know of who sees the project. */
export const recentChangesQuery = (ref: ProjectRef, limit: number) =>
  queryOptions({
    queryKey: ["project", ref.project, "activity", "changes", limit],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/activity", { params: { path: ref, query: { type: "change", limit } }, signal })),
    select: (page) => page.items.filter((item) => item.type === "change"),
  });
