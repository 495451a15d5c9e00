import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";

import { instanceLimitsQuery, type User, usersQuery } from "./queries";

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
