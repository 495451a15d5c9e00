/** The rules of a project, and what is switched off. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef, ServerRef } from "../paths";

export type Policy = Schemas["PolicyView"];
export type Rule = Schemas["Rule"];
export type Explanation = Schemas["ExplanationView"];

export const policyQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "policy"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/policy", { params: { path: ref }, signal })),
  });

/** What is decided about a call today, and why. */
export const explanationQuery = (ref: ProjectRef, question: Schemas["ExplainPolicyRequest"]) =>
  queryOptions({
    queryKey: ["project", ref.project, "policy", "explanation", question],
    queryFn: ({ signal }) => read(api.POST("/api/v1/projects/{project}/policy/explain", { params: { path: ref }, body: question, signal })),
  });

/** Switches an item on or off for everybody. It is shown at once, and taken back when the daemon refuses. */
export function useSwitch(ref: ServerRef, serverId: string) {
  const queryClient = useQueryClient();
  const key = policyQuery({ project: ref.project }).queryKey;
  return useMutation({
    mutationFn: (body: Schemas["Switch"]) => read(api.PUT("/api/v1/projects/{project}/servers/{server}/switch", { params: { path: ref }, body })),
    onMutate: async ({ kind, name, on }) => {
      await queryClient.cancelQueries({ queryKey: key });
      const before = queryClient.getQueryData(key);
      if (before !== undefined) {
        const others = before.switched_off.filter((off) => off.server_id !== serverId || off.kind !== kind || off.name !== name);
        const switchedOff = on ? others : [...others, { rule_id: "", server_id: serverId, kind, name }];
        queryClient.setQueryData(key, { ...before, switched_off: switchedOff });
      }
      return { before };
    },
    onError: (_error, _variables, context) => {
      if (context?.before !== undefined) queryClient.setQueryData(key, context.before);
    },
    onSettled: () =>
      Promise.all([
        queryClient.invalidateQueries({ queryKey: key }),
        queryClient.invalidateQueries({ queryKey: ["project", ref.project, "servers", ref.server, "offers"] }),
      ]),
  });
}
