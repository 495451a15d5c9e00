import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";

import { type User, usersQuery } from "./queries";

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

/** Gives another password, which is shown once. */
export function useResetPassword() {
  return useMutation({
    mutationFn: ({ user }: { user: User }) => read(api.POST("/api/v1/users/{user}/password", { params: { path: { user: user.id } } })),
  });
}
