/** What may be asked for in a project. What changes it is in `features/project-settings`. */
import { queryOptions } from "@tanstack/react-query";

import { api, read } from "../api/client";
import type { ProjectRef } from "../paths";

export const limitsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "limits"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/limits", { params: { path: ref }, signal })),
  });
