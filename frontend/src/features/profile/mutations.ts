import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { ACCOUNT_SCOPE } from "@/lib/data/profile";
import { meQuery } from "@/lib/data/session";

import { ownLoginsQuery } from "./queries";

/** Ends all other logins of the account. */
export function useChangePassword() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["ChangePasswordRequest"]) => read(api.POST("/api/v1/auth/password", { body })),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ownLoginsQuery().queryKey }),
  });
}

/** Invalidates all that is known of the own account. */
export function useUpdateProfile() {
  const queryClient = useQueryClient();
  return useMutation({
    scope: ACCOUNT_SCOPE,
    mutationFn: ({ version, body }: { version: () => number; body: Schemas["UpdateProfileRequest"] }) =>
      read(api.PATCH("/api/v1/me", { params: { header: ifMatch(version()) }, body })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: meQuery().queryKey }),
  });
}

export function useEndLogin() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (login: string) => read(api.DELETE("/api/v1/me/logins/{login}", { params: { path: { login } } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ownLoginsQuery().queryKey }),
  });
}

export function useEndOtherLogins() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => read(api.DELETE("/api/v1/me/logins")),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ownLoginsQuery().queryKey }),
  });
}
