import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, ifMatch, read, type Schemas } from "@/lib/api/client";
import { ACCOUNT_SCOPE, profileQuery } from "@/lib/data/profile";
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
export function useUpdateProfile(version: number) {
  const queryClient = useQueryClient();
  return useMutation({
    scope: ACCOUNT_SCOPE,
    mutationFn: (body: Schemas["UpdateProfileRequest"]) => {
      const known = queryClient.getQueryData(profileQuery().queryKey)?.version ?? version;
      return read(api.PATCH("/api/v1/me", { params: { header: ifMatch(known) }, body }));
    },
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

/** What the user reaches is more after an acceptance, so everything is loaded anew. */
export function useAnswerInvitation() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ invitation, say }: { invitation: string; say: "accept" | "decline" }) => {
      const params = { path: { invitation } };
      if (say === "accept") await read(api.POST("/api/v1/me/invitations/{invitation}/accept", { params }));
      else await read(api.POST("/api/v1/me/invitations/{invitation}/decline", { params }));
    },
    onSettled: () => queryClient.invalidateQueries(),
  });
}
