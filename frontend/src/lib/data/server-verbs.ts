/** What is done with servers from more than one feature: start, stop and the like. */
import { type QueryClient, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read } from "../api/client";
import type { ProjectRef, ServerRef } from "../paths";
import type { ServerState } from "./server-states";
import { type Server, serverQuery, serversQuery } from "./servers";

export type ServerVerb = "start" | "stop" | "restart" | "enable" | "disable";

/** What makes most sense to do next with a server in its state. */
export function mainVerb({ status: { state } }: Server): ServerVerb {
  if (state === "disabled") return "enable";
  return state === "ready" || state === "starting" || state === "degraded" ? "stop" : "start";
}

export function otherVerbs({ status: { state } }: Server): ServerVerb[] {
  return state === "disabled" ? [] : ["restart", "disable"];
}

/** What is shown until the daemon has answered. */
const EXPECTED: Record<ServerVerb, ServerState> = {
  start: "starting",
  restart: "starting",
  stop: "stopped_by_admin",
  enable: "stopped",
  disable: "disabled",
};

export function runVerb(verb: ServerVerb, path: ServerRef): Promise<Server> {
  switch (verb) {
    case "start":
      return read(api.POST("/api/v1/projects/{project}/servers/{server}/start", { params: { path } }));
    case "stop":
      return read(api.POST("/api/v1/projects/{project}/servers/{server}/stop", { params: { path } }));
    case "restart":
      return read(api.POST("/api/v1/projects/{project}/servers/{server}/restart", { params: { path } }));
    case "enable":
    case "disable":
      return read(
        api.PATCH("/api/v1/projects/{project}/servers/{server}", {
          params: { path },
          body: { enabled: verb === "enable" },
        }),
      );
  }
}

/** Shows of some servers, by alias, what was known before: a daemon that is away says nothing that would. */
export type TakeBack = (servers: string[]) => void;

/** Shows the state that is expected at once; the truth comes after it. */
export async function expectState(queryClient: QueryClient, ref: ProjectRef, verb: ServerVerb, servers: string[]): Promise<TakeBack> {
  const among = new Set(servers);
  const expect = (server: Server): Server => ({ ...server, status: { ...server.status, state: EXPECTED[verb], reason: null } });
  await queryClient.cancelQueries(serversQuery(ref));
  const before = new Map(queryClient.getQueryData(serversQuery(ref).queryKey)?.items.map((server) => [server.alias, server]));
  const singles = new Map<string, Server | undefined>(servers.map((server) => [server, queryClient.getQueryData(serverQuery({ ...ref, server }).queryKey)]));
  queryClient.setQueryData(serversQuery(ref).queryKey, (page) =>
    page && { ...page, items: page.items.map((server) => (among.has(server.alias) ? expect(server) : server)) },
  );
  for (const server of servers) {
    queryClient.setQueryData(serverQuery({ ...ref, server }).queryKey, (old) => old && expect(old));
  }
  return (failed) => {
    queryClient.setQueryData(serversQuery(ref).queryKey, (page) =>
      page && { ...page, items: page.items.map((server) => (failed.includes(server.alias) ? (before.get(server.alias) ?? server) : server)) },
    );
    for (const server of failed) queryClient.setQueryData(serverQuery({ ...ref, server }).queryKey, singles.get(server));
  };
}

/** Invalidates the servers of the project. */
export function useServerVerb(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ verb, server }: { verb: ServerVerb; server: string }) => runVerb(verb, { ...ref, server }),
    onMutate: ({ verb, server }) => expectState(queryClient, ref, verb, [server]),
    onError: (_cause, { server }, takeBack) => takeBack?.([server]),
    onSettled: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}
