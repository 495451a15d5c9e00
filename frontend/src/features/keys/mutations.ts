import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import type { ProjectRef } from "@/lib/paths";

import { keysQuery } from "./queries";

/** Invalidates the keys of the project. The answer has the secret, which stays in the component that shows it. */
export function useCreateKey(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (body: Schemas["CreateKeyRequest"]) =>
      read(api.POST("/api/v1/projects/{project}/keys", { params: { path: ref }, body })),
    onSuccess: () => queryClient.invalidateQueries(keysQuery(ref)),
  });
}

/** Invalidates the keys of the project. */
export function useRotateKey(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: ({ key, overlapSeconds }: { key: string; overlapSeconds: number }) =>
      read(
        api.POST("/api/v1/projects/{project}/keys/{key}/rotate", {
          params: { path: { ...ref, key } },
          body: { overlap_seconds: overlapSeconds },
        }),
      ),
    onSuccess: () => queryClient.invalidateQueries(keysQuery(ref)),
  });
}

/** Invalidates the keys of the project. */
export function useRevokeKey(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (key: string) =>
      read(api.DELETE("/api/v1/projects/{project}/keys/{key}", { params: { path: { ...ref, key } } })),
    onSuccess: () => queryClient.invalidateQueries(keysQuery(ref)),
  });
}
