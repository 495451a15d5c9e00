/** How people get in here; asked before anybody is logged in, and by who invites. */
import { queryOptions } from "@tanstack/react-query";

import { api, read } from "../api/client";

export const waysInQuery = () =>
  queryOptions({
    queryKey: ["ways-in"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/auth/ways-in", { signal })),
    staleTime: 5 * 60_000,
  });
