import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ServerRef } from "@/lib/paths";

export type LogLine = Schemas["LogLineView"];

const LINES = 1000;

export const logsQuery = (ref: ServerRef, { isLive }: { isLive: boolean }) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers", ref.server, "logs"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/servers/{server}/logs", { params: { path: ref, query: { tail: LINES } }, signal })),
    select: (page) => page.items,
    refetchInterval: isLive ? 2_000 : false,
  });
