import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { type Team, teamsQuery } from "@/lib/data/teams";

export type TeamRole = Schemas["TeamRole"];

/** Invalidates the list, and with it everything of single teams. */
function useInvalidate() {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: teamsQuery().queryKey });
}

export function useCreateTeam() {
  return useMutation({ mutationFn: (body: Schemas["CreateTeamRequest"]) => read(api.POST("/api/v1/teams", { body })), onSuccess: useInvalidate() });
}

export function useUpdateTeam(team: Team) {
  return useMutation({
    mutationFn: (body: Schemas["UpdateTeamRequest"]) =>
      read(api.PATCH("/api/v1/teams/{team}", { params: { path: { team: team.id }, header: ifMatch(team.version) }, body })),
    onSuccess: useInvalidate(),
  });
}

export function useDeleteTeam() {
  return useMutation({
    mutationFn: ({ id, version }: Pick<Team, "id" | "version">) =>
      read(api.DELETE("/api/v1/teams/{team}", { params: { path: { team: id }, header: ifMatch(version) } })),
    onSuccess: useInvalidate(),
  });
}

export function useUpdateTeamMember(team: string) {
  return useMutation({
    mutationFn: ({ user, role }: { user: string; role: TeamRole }) =>
      read(api.PATCH("/api/v1/teams/{team}/members/{user}", { params: { path: { team, user } }, body: { role } })),
    onSettled: useInvalidate(),
  });
}

export function useDeleteTeamMember(team: string) {
  return useMutation({
    mutationFn: ({ user }: { user: string }) => read(api.DELETE("/api/v1/teams/{team}/members/{user}", { params: { path: { team, user } } })),
    onSettled: useInvalidate(),
  });
}

export function useInviteToTeam(team: string) {
  return useMutation({
    mutationFn: (body: Schemas["CreateTeamInvitationRequest"]) => read(api.POST("/api/v1/teams/{team}/invitations", { params: { path: { team } }, body })),
    onSuccess: useInvalidate(),
  });
}

export function useRenewTeamInvitation(team: string) {
  return useMutation({
    mutationFn: (invitation: string) => read(api.POST("/api/v1/teams/{team}/invitations/{invitation}/renew", { params: { path: { team, invitation } } })),
    onSettled: useInvalidate(),
  });
}

export function useRevokeTeamInvitation(team: string) {
  return useMutation({
    mutationFn: (invitation: string) => read(api.DELETE("/api/v1/teams/{team}/invitations/{invitation}", { params: { path: { team, invitation } } })),
    onSettled: useInvalidate(),
  });
}
