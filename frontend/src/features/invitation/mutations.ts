import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";

export type FoundInvitation = Schemas["FoundInvitationView"];

/** What the link leads to. The token goes in a body alone: it stands in no address and no cache. */
export function useLookUp() {
  return useMutation({ mutationFn: (token: string) => read(api.POST("/api/v1/invitations/lookup", { body: { token } })) });
}

/** Accepts with the account that is logged in; everything that it sees may be more now. */
export function useAccept() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (token: string) => read(api.POST("/api/v1/invitations/accept", { body: { token } })),
    onSuccess: () => {
      queryClient.clear();
    },
  });
}

/** Accepts, makes an account and logs in to it; says whether that went as well, as the account is there in any case. */
export function useRedeem() {
  return useMutation({
    mutationFn: async ({ email, ...body }: Schemas["RedeemInvitationRequest"] & { email: string }) => {
      await read(api.POST("/api/v1/invitations/redeem", { body }));
      return read(api.POST("/api/v1/auth/login", { body: { email, password: body.password } })).then(
        () => true,
        () => false,
      );
    },
  });
}

export function useDecline() {
  return useMutation({ mutationFn: (token: string) => read(api.POST("/api/v1/invitations/decline", { body: { token } })) });
}
