import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ProjectRef, ServerRef } from "@/lib/paths";

export type Usage = Schemas["UsageView"];
export type Rank = Schemas["UsageRankView"];

export const SPANS = ["1h", "24h", "7d", "30d"] as const;
export type Span = (typeof SPANS)[number];

const HOURS: Record<Span, number> = { "1h": 1, "24h": 24, "7d": 7 * 24, "30d": 30 * 24 };

function since(span: Span): string {
  return new Date(Date.now() - HOURS[span] * 3_600_000).toISOString();
}

export const usageQuery = (ref: ProjectRef, { server, span }: { server: string; span: Span }) =>
  queryOptions({
    queryKey: ["project", ref.project, "usage", server, span],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/usage", { params: { path: ref, query: { server, from: since(span) } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });

export const topToolsQuery = (ref: ProjectRef, { server, span }: { server: string; span: Span }) =>
  queryOptions({
    queryKey: ["project", ref.project, "usage", server, span, "tools"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/usage/top", { params: { path: ref, query: { by: "tool", server, from: since(span), limit: 20 } }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 30_000,
  });

export type ClientSession = Schemas["ClientSessionView"];

/** Sessions from which a server can be reached. Calls make them old; who only opens one shows with the next round. */
export const sessionsQuery = (ref: ServerRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "sessions", ref.server],
    queryFn: ({ signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/sessions", {
          params: { path: { project: ref.project }, query: { server: ref.server } },
          signal,
        }),
      ),
    select: (page) => page.items,
    refetchInterval: 5_000,
  });
