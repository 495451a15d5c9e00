import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { useMe } from "@/lib/data/session";
import { type Team, teamQuery, teamsQuery } from "@/lib/data/teams";

export type TeamRole = Schemas["TeamRole"];

/** Invalidates the list, and with it everything of single teams. */
function useInvalidate() {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: teamsQuery().queryKey });
}

/** The list alone: of a team that the page is about to leave, nothing is asked for any more, nor is it waited for. */
function useInvalidateList() {
  const queryClient = useQueryClient();
  return () => {
    void queryClient.invalidateQueries({ queryKey: teamsQuery().queryKey, exact: true });
  };
}

export function useCreateTeam() {
  return useMutation({ mutationFn: (body: Schemas["CreateTeamRequest"]) => read(api.POST("/api/v1/teams", { body })), onSuccess: useInvalidate() });
}

/** Refused when somebody else was quicker. */
export function useUpdateTeam(team: Team) {
  const queryClient = useQueryClient();
  const invalidate = useInvalidate();
  const invalidateList = useInvalidateList();
  return useMutation({
    mutationFn: ({ version, body }: { version: number; body: Schemas["UpdateTeamRequest"] }) =>
      read(api.PATCH("/api/v1/teams/{team}", { params: { path: { team: team.id }, header: ifMatch(version) }, body })),
    onSuccess: (after) => {
      for (const name of [team.id, team.slug]) queryClient.setQueryData(teamQuery(name).queryKey, after);
      invalidateList();
    },
    onError: invalidate,
  });
}

export function useDeleteTeam() {
  return useMutation({
    mutationFn: ({ id, version }: Pick<Team, "id" | "version">) =>
      read(api.DELETE("/api/v1/teams/{team}", { params: { path: { team: id }, header: ifMatch(version) } })),
    onSuccess: useInvalidateList(),
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

export function useLeaveTeam(team: string) {
  const { id: user } = useMe();
  return useMutation({
    mutationFn: () => read(api.DELETE("/api/v1/teams/{team}/members/{user}", { params: { path: { team, user } } })),
    onSuccess: useInvalidateList(),
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
