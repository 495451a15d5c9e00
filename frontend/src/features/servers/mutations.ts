import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { forEachAtOnce } from "@/lib/at-once";
import { expectState, runVerb, type ServerVerb } from "@/lib/data/server-verbs";
import { type Server, serverQuery, serversQuery } from "@/lib/data/servers";
import type { ProjectRef, ServerRef } from "@/lib/paths";

import { ownValuesQuery, type PersonalSecret } from "./queries";

/** So many are asked for at once: one after another takes long, and all together is a storm. */
const AT_ONCE = 4;

export interface BulkWork {
  verb: ServerVerb | "delete";
  servers: Server[];
  /** How many are done, whatever came of them. */
  onStep: (done: number) => void;
}

/** Does the same with many servers, and answers with what went wrong for which. Invalidates the servers of the project. */
export function useBulk(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ verb, servers, onStep }: BulkWork) => {
      const failures: { server: Server; cause: unknown }[] = [];
      let done = 0;
      await forEachAtOnce(servers, AT_ONCE, async (server) => {
        const path = { ...ref, server: server.alias };
        try {
          await (verb === "delete" ? remove(path) : runVerb(verb, path));
        } catch (cause) {
          failures.push({ server, cause });
        }
        done += 1;
        onStep(done);
      });
      return failures;
    },
    onMutate: async ({ verb, servers }) => {
      return verb === "delete" ? undefined : await expectState(queryClient, ref, verb, servers.map((server) => server.alias));
    },
    onSuccess: (failures, _work, takeBack) => takeBack?.(failures.map(({ server }) => server.alias)),
    onSettled: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}

function remove(path: ServerRef): Promise<unknown> {
  return read(api.DELETE("/api/v1/projects/{project}/servers/{server}", { params: { path } }));
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

/**
 * Refused when somebody else was quicker. Changes go one after another, so that each knows the version that the one before
 * has left. Invalidates the servers of the project.
 */
export function useUpdateServer(ref: ServerRef) {
  const queryClient = useQueryClient();
  const { queryKey } = serverQuery(ref);
  return useMutation({
    scope: { id: queryKey.join(" ") },
    mutationFn: ({ version, body }: { version: () => number; body: Schemas["UpdateServerRequest"] }) =>
      read(
        api.PATCH("/api/v1/projects/{project}/servers/{server}", {
          params: { path: ref },
          headers: ifMatch(version()),
          body,
        }),
      ),
    onSuccess: async (server) => {
      // An answer that is still on its way is older.
      await queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData(queryKey, server);
      const servers = serversQuery(ref);
      if (server.alias === ref.server) return queryClient.invalidateQueries({ queryKey: servers.queryKey });
      // Below the old address there is nothing any more, which is not to be found before the page has moved.
      void queryClient.invalidateQueries({ queryKey: servers.queryKey, exact: true });
      return undefined;
    },
    onError: () => queryClient.invalidateQueries({ queryKey }),
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
export function useDeleteServer(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (server: string) => remove({ ...ref, server }),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey, exact: true });
    },
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
