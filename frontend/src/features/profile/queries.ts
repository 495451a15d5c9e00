import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import { all } from "@/lib/api/pages";

export const ownLoginsQuery = () =>
  queryOptions({
    queryKey: ["me", "logins"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/me/logins", { signal })),
    select: (page) => page.items,
  });

export const ownInvitationsQuery = () =>
  queryOptions({
    queryKey: ["me", "invitations"],
    queryFn: ({ signal }) => all((cursor) => read(api.GET("/api/v1/me/invitations", { params: { query: { limit: 200, cursor } }, signal }))),
  });
