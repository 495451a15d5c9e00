import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import type { OfferKind } from "@/lib/data/offers";
import type { ServerRef } from "@/lib/paths";

/** What it was in the course of time, latest first. */
export const historyQuery = (ref: ServerRef, kind: OfferKind, name: string) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers", ref.server, "offers", kind, name, "history"],
    queryFn: ({ signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/servers/{server}/tools/{name}/history", {
          params: { path: { ...ref, name }, query: { kind } },
          signal,
        }),
      ),
    select: (page) => page.items,
  });
