import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";
import { keysQuery } from "@/lib/data/keys";
import type { ProjectRef } from "@/lib/paths";

/**
 * Hands over the secret of a new key, whatever has become of the component that asked, and invalidates the keys of the
 * project. It is kept nowhere else.
 */
export function useCreateKey(ref: ProjectRef, onMade: (key: string) => void) {
  const queryClient = useQueryClient();
  return useMutation({
    gcTime: 0,
    mutationFn: (body: Schemas["CreateKeyRequest"]) =>
      read(api.POST("/api/v1/projects/{project}/keys", { params: { path: ref }, body })),
    onSuccess: ({ key }) => {
      onMade(key);
      return queryClient.invalidateQueries(keysQuery(ref));
    },
  });
}

/** Invalidates the keys of the project. */
export function useUpdateKey(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ key, body }: { key: string; body: Schemas["UpdateKeyRequest"] }) =>
      read(api.PATCH("/api/v1/projects/{project}/keys/{key}", { params: { path: { ...ref, key } }, body })),
    onSuccess: () => queryClient.invalidateQueries(keysQuery(ref)),
  });
}

/** Hands over the secret of the new key, like a creation. With no overlap the old key's row goes meanwhile. */
export function useRotateKey(ref: ProjectRef, onMade: (key: string) => void) {
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
    onSuccess: ({ key }) => {
      onMade(key);
      return queryClient.invalidateQueries(keysQuery(ref));
    },
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
