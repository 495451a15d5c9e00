import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import { approvalsQuery } from "@/lib/data/approvals";
import type { ProjectRef } from "@/lib/paths";

/** Lets a call go on or refuses it; invalidates the approvals, also when somebody else was quicker. */
export function useAnswerApproval(ref: ProjectRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ approval, say }: { approval: string; say: "approve" | "deny" }) => {
      const params = { path: { ...ref, approval } };
      return read(
        say === "approve"
          ? api.POST("/api/v1/projects/{project}/approvals/{approval}/approve", { params })
          : api.POST("/api/v1/projects/{project}/approvals/{approval}/deny", { params }),
      );
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: approvalsQuery(ref).queryKey }),
  });
}
