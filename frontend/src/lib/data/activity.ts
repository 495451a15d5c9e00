/** What happened in a project, which several features show. */
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { type Days, timesOf } from "../days";
import type { ProjectRef } from "../paths";

export type Call = Schemas["CallView"];

/** Of calls; empty texts do not matter. */
export interface CallFilter extends Days {
  /** A time as the daemon has it, in place of the first day: figures are of hours, and not of days. */
  since: string;
  /** A part of a name. */
  search: string;
  /** One of the outcomes, or `failed` for all but `ok`. */
  outcome: string;
  /** Why they were refused or limited. */
  reason: string;
  /** Ids. */
  user: string;
  key: string;
  server: string;
}

const PAGE = 100;
/** While nobody has looked further than the first page, it is kept true. */
const LIVE = 5_000;

/** The filter is the daemon's: it searches all there is, not what is loaded. */
export const activityQuery = (ref: ProjectRef, filter: CallFilter, isLive: boolean) =>
  infiniteQueryOptions({
    queryKey: ["project", ref.project, "activity", filter],
    queryFn: ({ pageParam, signal }) => {
      const given = (text: string) => (text.trim() === "" ? undefined : text);
      const query = {
        type: "call",
        limit: PAGE,
        cursor: pageParam,
        search: given(filter.search),
        outcome: given(filter.outcome),
        reason: given(filter.reason),
        user: given(filter.user),
        key: given(filter.key),
        server: given(filter.server),
        ...timesOf(filter),
        ...(filter.since !== "" && { from: filter.since }),
      } as const;
      return read(api.GET("/api/v1/projects/{project}/activity", { params: { path: ref, query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (isLive && (query.state.data?.pages.length ?? 0) <= 1 ? LIVE : false),
  });

/** The changes that everybody may know of who sees the project, so many a page. The stream of events tells of new ones. */
export const changesQuery = (ref: ProjectRef, limit: number) =>
  infiniteQueryOptions({
    queryKey: ["project", ref.project, "activity", "changes", limit],
    queryFn: ({ pageParam, signal }) =>
      read(api.GET("/api/v1/projects/{project}/activity", { params: { path: ref, query: { type: "change", limit, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
