import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import { all } from "@/lib/api/pages";

export type User = Schemas["UserView"];

export const usersQuery = () =>
  queryOptions({
    queryKey: ["admin", "users"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/users", { params: { query: { limit: 200, cursor } }, signal }))),
  });

export type InstanceKey = Schemas["InstanceKeyView"];

/** The keys of all projects. */
export const instanceKeysQuery = () =>
  queryOptions({
    queryKey: ["admin", "keys"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/keys", { params: { query: { limit: 200, cursor } }, signal }))),
    // When each was last used. Events of all calls of the instance would ask for all keys without a pause.
    refetchInterval: 20_000,
  });

/** All of the instance, those to projects and teams as well. */
export const instanceInvitationsQuery = () =>
  queryOptions({
    queryKey: ["admin", "invitations"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/invitations", { params: { query: { limit: 200, cursor } }, signal }))),
  });

export const instanceLimitsQuery = () =>
  queryOptions({ queryKey: ["admin", "limits"], queryFn: ({ signal }) => read(api.GET("/api/v1/limits", { signal })) });

export const systemQuery = () =>
  queryOptions({ queryKey: ["admin", "system"], queryFn: ({ signal }) => read(api.GET("/api/v1/system", { signal })) });
