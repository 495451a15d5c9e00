import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ProjectRef } from "@/lib/paths";

export type Call = Schemas["CallView"];
export type AuditEntry = Schemas["AuditView"];

const PAGE = 100;
/** While nobody has looked further than the first page, it is kept true. */
const LIVE = 5_000;

interface Pages {
  pages: unknown[];
}

const live = (query: { state: { data?: Pages } }) => ((query.state.data?.pages.length ?? 0) <= 1 ? LIVE : false);

export const callsQuery = (ref: ProjectRef, { isLive }: { isLive: boolean }) =>
  infiniteQueryOptions({
    queryKey: ["project", ref.project, "calls"],
    queryFn: ({ pageParam, signal }) =>
      read(api.GET("/api/v1/projects/{project}/calls", { params: { path: ref, query: { limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) => (isLive ? live(query) : false),
  });

export const auditQuery = (ref: ProjectRef, { isLive }: { isLive: boolean }) =>
  infiniteQueryOptions({
    queryKey: ["project", ref.project, "audit"],
    queryFn: ({ pageParam, signal }) =>
      read(api.GET("/api/v1/projects/{project}/audit", { params: { path: ref, query: { limit: PAGE, cursor: pageParam } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: (query) => (isLive ? live(query) : false),
  });
