import { useMutation, useQueryClient } from "@tanstack/react-query";

import type { Role } from "@/lib/access";
import { api, read, type Schemas } from "@/lib/api/client";
import { membersQuery } from "@/lib/data/members";
import { projectQuery, projectsQuery } from "@/lib/data/projects";
import { useMe } from "@/lib/data/session";
import type { ProjectRef } from "@/lib/paths";

import { projectInvitationsQuery, projectTeamsQuery } from "./queries";

/** Everything here may change who reaches the project. */
function useInvalidate(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return () =>
    Promise.all([
      queryClient.invalidateQueries({ queryKey: membersQuery(ref).queryKey }),
      queryClient.invalidateQueries({ queryKey: projectTeamsQuery(ref).queryKey }),
      queryClient.invalidateQueries({ queryKey: projectInvitationsQuery(ref).queryKey }),
    ]);
}

export function useUpdateMember(ref: ProjectRef) {
  return useMutation({
    mutationFn: ({ user, role }: { user: string; role: Role }) =>
      read(api.PATCH("/api/v1/projects/{project}/members/{user}", { params: { path: { ...ref, user } }, body: { role } })),
    onSettled: useInvalidate(ref),
  });
}

export function useDeleteMember(ref: ProjectRef) {
  return useMutation({
    mutationFn: ({ user }: { user: string }) => read(api.DELETE("/api/v1/projects/{project}/members/{user}", { params: { path: { ...ref, user } } })),
    onSettled: useInvalidate(ref),
  });
}

/**
 * Invalidates the list of projects, and the project for who stays in it. Does not wait for that: others may find nothing
 * here any more before the page has left.
 */
export function useLeaveProject(ref: ProjectRef, stays: boolean) {
  const queryClient = useQueryClient();
  const { id: user } = useMe();
  return useMutation({
    mutationFn: () => read(api.DELETE("/api/v1/projects/{project}/members/{user}", { params: { path: { ...ref, user } } })),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: projectsQuery().queryKey });
      if (stays) void queryClient.invalidateQueries({ queryKey: projectQuery(ref).queryKey });
    },
  });
}

export function useInvite(ref: ProjectRef) {
  return useMutation({
    mutationFn: (body: Schemas["CreateProjectInvitationRequest"]) => read(api.POST("/api/v1/projects/{project}/invitations", { params: { path: ref }, body })),
    onSuccess: useInvalidate(ref),
  });
}

export function useRenewInvitation(ref: ProjectRef) {
  return useMutation({
    mutationFn: (invitation: string) =>
      read(api.POST("/api/v1/projects/{project}/invitations/{invitation}/renew", { params: { path: { ...ref, invitation } } })),
    onSettled: useInvalidate(ref),
  });
}

export function useRevokeInvitation(ref: ProjectRef) {
  return useMutation({
    mutationFn: (invitation: string) => read(api.DELETE("/api/v1/projects/{project}/invitations/{invitation}", { params: { path: { ...ref, invitation } } })),
    onSettled: useInvalidate(ref),
  });
}

export function usePutTeam(ref: ProjectRef) {
  return useMutation({
    mutationFn: ({ team, role }: { team: string; role: Role }) =>
      read(api.PUT("/api/v1/projects/{project}/teams/{team}", { params: { path: { ...ref, team } }, body: { role } })),
    onSettled: useInvalidate(ref),
  });
}

export function useDeleteTeam(ref: ProjectRef) {
  return useMutation({
    mutationFn: ({ team }: { team: string }) => read(api.DELETE("/api/v1/projects/{project}/teams/{team}", { params: { path: { ...ref, team } } })),
    onSettled: useInvalidate(ref),
  });
}
