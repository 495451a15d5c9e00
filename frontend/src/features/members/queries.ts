import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import { all } from "@/lib/api/pages";
import type { ProjectRef } from "@/lib/paths";

export const projectTeamsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "teams"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/teams", { params: { path: ref }, signal })),
    select: (page) => page.items,
  });

export const projectInvitationsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "invitations"],
    queryFn: ({ signal }) =>
      all((cursor) => read(api.GET("/api/v1/projects/{project}/invitations", { params: { path: ref, query: { limit: 200, cursor } }, signal }))),
    refetchInterval: 15_000,
  });
