/** Who is logged in. */
import { queryOptions, useSuspenseQuery } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";

export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/auth/me", { signal })),
    staleTime: 60_000,
  });

export function useMe(): Schemas["UserView"] {
  return useSuspenseQuery(meQuery()).data.user;
}
