/** Calls that wait for an admin: the page of approvals, and their number in the navigation. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Approval = Schemas["ApprovalView"];

export const approvalsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "approvals"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/approvals", { params: { path: ref }, signal })),
    select: (page) => page.items,
    // Somebody waits at the other end.
    refetchInterval: 3_000,
  });
