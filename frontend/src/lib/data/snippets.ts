/** The settings of clients for an endpoint. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Snippet = Schemas["SnippetView"];

interface Endpoint extends ProjectRef {
  /** One server; the unified endpoint without one. */
  server?: string;
}

export const snippetsQuery = ({ project, server }: Endpoint) =>
  queryOptions({
    queryKey: ["project", project, "snippets", server ?? null],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/snippets", { params: { path: { project }, query: { server } }, signal })),
    staleTime: 5 * 60_000,
  });

/** With a real key in the text. Not cached beyond the page that shows the key, and never in the URL. */
export const snippetsWithKeyQuery = ({ project, server }: Endpoint, key: string) =>
  queryOptions({
    queryKey: ["project", project, "snippets", server ?? null, "with-key"],
    queryFn: ({ signal }) =>
      read(
        api.POST("/api/v1/projects/{project}/snippets", { params: { path: { project } }, body: { key, server }, signal }),
      ),
    gcTime: 0,
    staleTime: Infinity,
  });
