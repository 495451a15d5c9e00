import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { Locale } from "@/lib/i18n/locale";
import type { ServerRef } from "@/lib/paths";

import { inLanguage } from "./catalog-texts";

export type CatalogServer = Schemas["CatalogServer"];

/** Well-known servers. The list is a part of the daemon. */
export const serverCatalogQuery = (locale: Locale) =>
  queryOptions({
    queryKey: ["server-catalog", locale],
    queryFn: async ({ signal }) => inLanguage((await read(api.GET("/api/v1/server-catalog", { signal }))).items, locale),
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
