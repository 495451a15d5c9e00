/** Sums of calls over time. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Usage = Schemas["UsageView"];

/** The last day, hour by hour. */
export const lastDayUsageQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "usage", "last-day"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/usage", { params: { path: ref, query: { step: "hour" } }, signal })),
    refetchInterval: 60_000,
  });
