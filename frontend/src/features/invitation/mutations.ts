import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";

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

/** Accepts and makes an account. */
export function useRedeem() {
  return useMutation({ mutationFn: (body: Schemas["RedeemInvitationRequest"]) => read(api.POST("/api/v1/invitations/redeem", { body })) });
}

export function useDecline() {
  return useMutation({ mutationFn: (token: string) => read(api.POST("/api/v1/invitations/decline", { body: { token } })) });
}
