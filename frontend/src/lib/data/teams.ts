/** Teams that the user is in; all of them for instance admins. */
import { queryOptions } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { all } from "../api/pages";
import { readNamed } from "./named";

export type Team = Schemas["TeamView"];

export const teamsQuery = () =>
  queryOptions({
    queryKey: ["teams"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/teams", { params: { query: { limit: 200, cursor } }, signal }))),
  });

export const teamQuery = (slug: string) =>
  queryOptions({
    queryKey: ["teams", slug],
    queryFn: (context) =>
      readNamed(context, slug, (team) => read(api.GET("/api/v1/teams/{team}", { params: { path: { team } }, signal: context.signal }))),
  });
