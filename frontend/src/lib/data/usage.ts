/** Sums of calls over time. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Usage = Schemas["UsageView"];
export type Rank = Schemas["UsageRankView"];

/** The last day, hour by hour. */
export const lastDayUsageQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "usage", "last-day"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/usage", { params: { path: ref, query: { step: "hour" } }, signal })),
    refetchInterval: 60_000,
  });

/** The tools that were used in the last day, with their figures. */
export const toolRanksQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "usage", "last-day", "tools"],
    queryFn: ({ signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/usage/top", { params: { path: ref, query: { by: "tool", limit: 200 } }, signal }),
      ),
    refetchInterval: 60_000,
  });
