/** What may be asked for in a project. What changes it is in `features/project-settings`. */
import { queryOptions } from "@tanstack/react-query";

import { api, read } from "../api/client";
import type { ProjectRef } from "../paths";

/** How much one may ask for, with the most that the daemon takes. */
export const ALLOWANCE_PARTS = [
  ["per_minute", 1_000_000],
  ["concurrent", 100_000],
  ["per_day", 1_000_000_000],
] as const;

export const limitsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "limits"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/limits", { params: { path: ref }, signal })),
  });
