import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ProjectRef } from "@/lib/paths";

export type Approval = Schemas["ApprovalView"];

export const approvalsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "approvals"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/approvals", { params: { path: ref }, signal })),
    select: (page) => page.items,
    // Somebody waits at the other end.
    refetchInterval: 3_000,
  });
