import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import type { LogLine } from "@/lib/api/log-stream";
import type { ServerRef } from "@/lib/paths";

export const SOURCES = ["stderr", "protocol", "daemon"] as const;

export interface LogFilter {
  /** A part of a line. */
  search: string;
  /** One of the sources; empty for all. */
  source: string;
}

const LINES = 1000;

/** The last lines of all that is kept. What comes later is the stream's. */
export const logsQuery = (ref: ServerRef, { search, source }: LogFilter) =>
  queryOptions({
    queryKey: ["project", ref.project, "logs", ref.server, search, source],
    queryFn: ({ signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/servers/{server}/logs", {
          params: {
            path: ref,
            query: {
              tail: LINES,
              search: search === "" ? undefined : search,
              source: SOURCES.find((known) => known === source),
            },
          },
          signal,
        }),
      ),
    select: (page): LogLine[] => page.items,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    gcTime: 0,
  });

/** All that is kept, as text. */
export function readWholeLog(ref: ServerRef): Promise<string> {
  return read(
    api.GET("/api/v1/projects/{project}/servers/{server}/logs/download", { params: { path: ref }, parseAs: "text" }),
  );
}
