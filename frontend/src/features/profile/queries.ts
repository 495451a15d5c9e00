import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";

export const ownLoginsQuery = () =>
  queryOptions({
    queryKey: ["me", "logins"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/me/logins", { signal })),
    select: (page) => page.items,
    // A login elsewhere, and when each was last seen, are told by no event.
    refetchInterval: 15_000,
  });
