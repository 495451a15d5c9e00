/** Invitations, as those see them who manage a place, and the user's own. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { all } from "../api/pages";

export type Invitation = Schemas["InvitationView"];
export type IssuedInvitation = Schemas["IssuedInvitationView"];

/** What the user is invited to and can answer. The stream of events tells when it is another. */
export const ownInvitationsQuery = () =>
  queryOptions({
    queryKey: ["me", "invitations"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/me/invitations", { params: { query: { limit: 200, cursor } }, signal }))),
  });

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
