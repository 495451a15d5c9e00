import { useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";

/** Invalidates everything: what was loaded was another login's. */
export function useLogin() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (body: Schemas["LoginRequest"]) => read(api.POST("/api/v1/auth/login", { body })),
    onSuccess: () => {
      queryClient.clear();
    },
  });
}
