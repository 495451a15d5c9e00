/** Servers of a project, which most features need. What changes them is in `features/servers`. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef, ServerRef } from "../paths";
import { readNamed } from "./named";

export type Server = Schemas["ServerView"];

/** Something is about to change by itself. */
const isMoving = (server: Server) => ["starting", "degraded", "backing_off"].includes(server.status.state);

export const serversQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/servers", { params: { path: ref }, signal })),
    select: (page) => page.items,
    refetchInterval: (query) => (query.state.data?.items.some(isMoving) === true ? 1_500 : 15_000),
  });

export const serverQuery = (ref: ServerRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers", ref.server],
    queryFn: (context) =>
      readNamed(context, ref.server, (server) =>
        read(api.GET("/api/v1/projects/{project}/servers/{server}", { params: { path: { ...ref, server } }, signal: context.signal })),
      ),
    refetchInterval: (query) => (query.state.data !== undefined && isMoving(query.state.data) ? 1_500 : 15_000),
  });
