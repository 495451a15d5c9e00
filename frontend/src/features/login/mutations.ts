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

/** Asks for a mail: with a link to a new password, or to a new account. */
export function useAskForMail(what: "password" | "account") {
  return useMutation({
    mutationFn: (email: string) =>
      read(
        what === "password"
          ? api.POST("/api/v1/auth/forgot-password", { body: { email } })
          : api.POST("/api/v1/auth/sign-up", { body: { email } }),
      ),
  });
}

export function useResetPassword() {
  return useMutation({
    mutationFn: (body: Schemas["RedeemPasswordResetRequest"]) => read(api.POST("/api/v1/auth/reset-password", { body })),
  });
}
