/** The API keys of a project: their page, and the names of keys elsewhere. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { all } from "../api/pages";
import type { ProjectRef } from "../paths";

export type Key = Schemas["KeyView"];

/** All of them for admins; for everybody else their own. */
export const keysQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "keys"],
    queryFn: ({ signal }) =>
      all((cursor) =>
        read(api.GET("/api/v1/projects/{project}/keys", { params: { path: ref, query: { limit: 200, cursor } }, signal })),
      ),
    refetchInterval: 20_000,
  });
