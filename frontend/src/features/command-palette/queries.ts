import { queryOptions } from "@tanstack/react-query";

import { forEachAtOnce } from "@/lib/at-once";
import { type Offer, offersQuery } from "@/lib/data/offers";
import { serversQuery } from "@/lib/data/servers";
import type { ProjectRef } from "@/lib/paths";

export interface FoundTool {
  server: string;
  offer: Offer;
}

/** A project may have a thousand servers, and each is asked on its own. */
const AT_ONCE = 4;
const FRESH_MS = 60_000;

/** The tools of all servers of a project. Not below the servers' key, so that no event asks for all of them anew. */
export const projectToolsQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "tools"],
    queryFn: async ({ client, signal }) => {
      const { items: servers } = await client.ensureQueryData(serversQuery(ref));
      const found: FoundTool[] = [];
      await forEachAtOnce(servers, AT_ONCE, async ({ alias: server }) => {
        if (signal.aborted) return;
        // A server that is gone meanwhile has none.
        const offers = await client.fetchQuery({ ...offersQuery({ ...ref, server }, "tool"), staleTime: FRESH_MS }).catch(() => undefined);
        found.push(...(offers?.items ?? []).map((offer) => ({ server, offer })));
      });
      return found;
    },
    staleTime: FRESH_MS,
  });
