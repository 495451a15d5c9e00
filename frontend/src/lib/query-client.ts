import { QueryClient } from "@tanstack/react-query";

import { toApiError } from "./api/errors";

/** A failure that another try can heal. */
function isPassing(error: unknown): boolean {
  const { status, code } = toApiError(error);
  return code === "offline" || status === 502 || status === 503;
}

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // Live events say when something changed; this is for when they are away.
        staleTime: 15_000,
        gcTime: 10 * 60_000,
        retry: (failures, error) => failures < 2 && isPassing(error),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
}
