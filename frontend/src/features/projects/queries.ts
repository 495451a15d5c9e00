import { queryOptions } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";

export const starsQuery = () =>
  queryOptions({
    queryKey: ["stars"],
    queryFn: ({ signal }) =>
      read(api.GET("/api/v1/stars", { signal })),
    select: (page) => page.items,
    staleTime: 60_000,
  });
