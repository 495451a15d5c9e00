import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import type { ServerState } from "@/lib/data/server-states";
import { type Server, serverQuery, serversQuery } from "@/lib/data/servers";
import type { ProjectRef, ServerRef } from "@/lib/paths";

import { ownValuesQuery, type PersonalSecret } from "./queries";

export type ServerVerb = "start" | "stop" | "restart" | "enable" | "disable";

/** What is shown until the daemon has answered. */
const EXPECTED: Record<ServerVerb, ServerState | undefined> = {
  start: "starting",
  restart: "starting",
  stop: "stopped_by_admin",
  enable: "stopped",
  disable: "disabled",
};

function send(verb: ServerVerb, path: ServerRef): Promise<Server> {
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

/** Invalidates the servers of the project. The state that is expected shows at once, and the truth after it. */
export function useServerVerb(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ verb, servers }: { verb: ServerVerb; servers: string[] }) => {
      const outcomes = await Promise.allSettled(servers.map((server) => send(verb, { ...ref, server })));
      const failed = outcomes.find((outcome) => outcome.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
    onMutate: async ({ verb, servers }) => {
      const state = EXPECTED[verb];
      if (state === undefined) return;
      await queryClient.cancelQueries(serversQuery(ref));
      const expect = (server: Server): Server => ({ ...server, status: { ...server.status, state, reason: null } });
      queryClient.setQueryData(serversQuery(ref).queryKey, (page) =>
        page && { ...page, items: page.items.map((server) => (servers.includes(server.alias) ? expect(server) : server)) },
      );
      for (const server of servers) {
        queryClient.setQueryData(serverQuery({ ...ref, server }).queryKey, (old) => old && expect(old));
      }
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}

/** Invalidates the servers of the project. */
export function useCreateServer(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CreateServerRequest"]) =>
      read(api.POST("/api/v1/projects/{project}/servers", { params: { path: ref }, body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}

/** Refused when somebody else was quicker. Invalidates the servers of the project. */
export function useUpdateServer(ref: ServerRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ version, body }: { version: number; body: Schemas["UpdateServerRequest"] }) =>
      read(
        api.PATCH("/api/v1/projects/{project}/servers/{server}", {
          params: { path: ref },
          headers: ifMatch(version),
          body,
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}

/** Stores own values, or removes them where the value is null. Invalidates which ones are stored. */
export function useUpdateOwnValues(ref: ServerRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (values: { secret: PersonalSecret; value: string | null }[]) => {
      const of = (kind: PersonalSecret["kind"]) =>
        Object.fromEntries(values.filter(({ secret }) => secret.kind === kind).map(({ secret, value }) => [secret.name, value]));
      return read(
        api.PATCH("/api/v1/projects/{project}/servers/{server}/personal-secrets", {
          params: { path: ref },
          body: { env: of("env"), headers: of("header") },
        }),
      );
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ownValuesQuery(ref).queryKey }),
  });
}

/** Invalidates the servers of the project, once the page has left the one that is gone. */
export function useDeleteServers(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async (servers: string[]) => {
      for (const server of servers) {
        await read(api.DELETE("/api/v1/projects/{project}/servers/{server}", { params: { path: { ...ref, server } } }));
      }
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey, exact: true }),
  });
}

/** What an import would do, or the import itself; then it invalidates the servers of the project. */
export function useImport(ref: ProjectRef, { dryRun }: { dryRun: boolean }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (text: string) =>
      read(
        api.POST("/api/v1/projects/{project}/import", {
          params: { path: ref, query: { dry_run: dryRun } },
          // As it was written: comments and all.
          body: text as unknown as Schemas["McpConfig"],
          bodySerializer: (body) => body as unknown as string,
          headers: { "Content-Type": "application/json" },
        }),
      ),
    onSuccess: async () => {
      if (!dryRun) await queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey });
    },
  });
}
