import { type Query, QueryCache, QueryClient } from "@tanstack/react-query";

import { toApiError } from "./api/errors";

/** A failure that another try can heal. */
function isPassing(error: unknown): boolean {
  const { status, code } = toApiError(error);
  return code === "offline" || status === 502 || status === 503;
}

/** What is not there any more, or not for the user. */
function isGone(error: unknown): boolean {
  // A proxy may answer with the same status for itself, and says nothing of it then.
  return ["forbidden", "not_found"].includes(toApiError(error).code);
}

/**
 * What failed and is not looked at. Kept, a page that comes back to it would throw it once more, without asking whether it
 * is still so.
 */
export function isLeftOver(query: Query): boolean {
  return query.state.status === "error" && query.state.data === undefined && query.getObserversCount() === 0;
}

export function createQueryClient(): QueryClient {
  const queryCache = new QueryCache({
    // Any other failure leaves on the page what was there before. Of this it would be a lie.
    onError: (error, query) => {
      if (isGone(error) && query.state.data !== undefined) query.setState({ data: undefined, dataUpdatedAt: 0 });
    },
  });
  queryCache.subscribe(({ type, query }) => {
    if (type === "observerRemoved" && isLeftOver(query)) queryCache.remove(query);
  });
  return new QueryClient({
    queryCache,
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
