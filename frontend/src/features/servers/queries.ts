import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ServerRef } from "@/lib/paths";

export type CatalogServer = Schemas["CatalogServer"];

/** Well-known servers. The list is a part of the daemon. */
export const serverCatalogQuery = () =>
  queryOptions({
    queryKey: ["server-catalog"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/server-catalog", { signal })),
    select: (page) => page.items,
    staleTime: Infinity,
  });

export type PersonalSecret = Schemas["PersonalSecretView"];

/** What a server asks each member for, and what the user has stored. */
export const ownValuesQuery = (ref: ServerRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers", ref.server, "own-values"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/projects/{project}/servers/{server}/personal-secrets", { params: { path: ref }, signal })),
    select: (page) => page.items,
  });
