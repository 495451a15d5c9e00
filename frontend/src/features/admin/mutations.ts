import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";

import { instanceInvitationsQuery, instanceLimitsQuery, type User, usersQuery } from "./queries";

/** Invalidates the users. */
export function useCreateUser() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["CreateUserRequest"]) => read(api.POST("/api/v1/users", { body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: usersQuery().queryKey }),
  });
}

/** Invalidates the users. */
export function useUpdateUser() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ user, body }: { user: User; body: Schemas["UpdateUserRequest"] }) =>
      read(api.PATCH("/api/v1/users/{user}", { params: { path: { user: user.id }, header: ifMatch(user.version) }, body })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: usersQuery().queryKey }),
  });
}

function useInvalidateInvitations() {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: instanceInvitationsQuery().queryKey });
}

/** Invites somebody who has no account. */
export function useInviteToInstance() {
  return useMutation({
    mutationFn: ({ email, role }: { email: string; role: "account" | "instanceAdmin" }) =>
      read(api.POST("/api/v1/invitations", { body: { email, instance_admin: role === "instanceAdmin" } })),
    onSuccess: useInvalidateInvitations(),
  });
}

export function useRenewAnyInvitation() {
  return useMutation({
    mutationFn: (invitation: string) => read(api.POST("/api/v1/invitations/{invitation}/renew", { params: { path: { invitation } } })),
    onSettled: useInvalidateInvitations(),
  });
}

export function useRevokeAnyInvitation() {
  return useMutation({
    mutationFn: (invitation: string) => read(api.DELETE("/api/v1/invitations/{invitation}", { params: { path: { invitation } } })),
    onSettled: useInvalidateInvitations(),
  });
}

/** Replaces the limits of the version that was seen. */
export function usePutInstanceLimits() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ version, limits }: { version: number; limits: Schemas["Limits"] }) =>
      read(api.PUT("/api/v1/limits", { params: { header: ifMatch(version) }, body: limits })),
    onSuccess: (after) => {
      queryClient.setQueryData(instanceLimitsQuery().queryKey, after);
    },
    onError: () => queryClient.invalidateQueries({ queryKey: instanceLimitsQuery().queryKey }),
  });
}

/** Makes a link to a new password: mailed where mail goes out, else given back to be passed on. */
export function useCreateResetLink() {
  return useMutation({
    mutationFn: ({ user }: { user: User }) => read(api.POST("/api/v1/users/{user}/reset-link", { params: { path: { user: user.id } } })),
  });
}
