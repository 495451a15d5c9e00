import { useMutation } from "@tanstack/react-query";

import { api, read, type Schemas } from "@/lib/api/client";

/** Ends all other logins of the account. */
export function useChangePassword() {
  return useMutation({
    mutationFn: (body: Schemas["ChangePasswordRequest"]) => read(api.POST("/api/v1/auth/password", { body })),
  });
}
