import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import { all } from "@/lib/api/pages";

export const teamMembersQuery = (team: string) =>
  queryOptions({
    queryKey: ["teams", team, "members"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/teams/{team}/members", { params: { path: { team } }, signal })),
    select: (page) => page.items,
  });

export const teamProjectsQuery = (team: string) =>
  queryOptions({
    queryKey: ["teams", team, "projects"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/teams/{team}/projects", { params: { path: { team } }, signal })),
    select: (page) => page.items,
  });

export const teamInvitationsQuery = (team: string) =>
  queryOptions({
    queryKey: ["teams", team, "invitations"],
    queryFn: ({ signal }) =>
      all((cursor) => read(api.GET("/api/v1/teams/{team}/invitations", { params: { path: { team }, query: { limit: 200, cursor } }, signal }))),
    refetchInterval: 15_000,
  });
