import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import type { ServerRef } from "@/lib/paths";

import { sessionsQuery } from "./queries";

/** Invalidates the sessions, also when the session was over already. */
export function useEndSession(ref: ServerRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (session: string) =>
      read(
        api.DELETE("/api/v1/projects/{project}/sessions/{session}", { params: { path: { project: ref.project, session } } }),
      ),
    onSettled: () => queryClient.invalidateQueries({ queryKey: sessionsQuery(ref).queryKey }),
  });
}
