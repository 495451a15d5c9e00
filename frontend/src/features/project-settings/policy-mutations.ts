import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read } from "@/lib/api/client";
import { policyQuery } from "@/lib/data/policy";
import type { ProjectRef } from "@/lib/paths";

import { requestOf, type RuleDraft } from "./rules";

/** Replaces the rules of the version that was seen. */
export function usePutPolicy(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ rules, version }: { rules: RuleDraft[]; version: number }) =>
      read(
        api.PUT("/api/v1/projects/{project}/policy", {
          params: { path: ref, header: ifMatch(version) },
          body: { rules: rules.map(requestOf) },
        }),
      ),
    onSuccess: (policy) => {
      queryClient.setQueryData(policyQuery(ref).queryKey, policy);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: policyQuery(ref).queryKey }),
  });
}

/** Decides the calls of the last days once more; saves nothing. */
export function useTryPolicy(ref: ProjectRef) {
  return useMutation({
    mutationFn: (rules: RuleDraft[]) =>
      read(api.POST("/api/v1/projects/{project}/policy/try", { params: { path: ref }, body: { rules: rules.map(requestOf) } })),
  });
}
