import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Role } from "@/lib/access";
import { api, read } from "@/lib/api/client";
import { membersQuery } from "@/lib/data/members";
import type { ProjectRef } from "@/lib/paths";

/** Invalidates the members. */
export function usePutMember(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role }) =>
      read(api.PUT("/api/v1/projects/{project}/members/{user}", { params: { path: { ...ref, user } }, body: { role } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: membersQuery(ref).queryKey }),
  });
}

/** Invalidates the members. */
export function useDeleteMember(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ user }: { user: string }) =>
      read(api.DELETE("/api/v1/projects/{project}/members/{user}", { params: { path: { ...ref, user } } })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: membersQuery(ref).queryKey }),
  });
}
