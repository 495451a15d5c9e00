/** The own account, with what it has chosen for every browser: theme and language. */
import { queryOptions, useIsMutating, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";

export type Profile = Schemas["ProfileView"];

export const profileQuery = () =>
  queryOptions({ queryKey: ["me", "profile"], queryFn: ({ signal }) => read(api.GET("/api/v1/me", { signal })) });

type Appearance = Pick<Schemas["UpdateProfileRequest"], "theme" | "language">;

const APPEARANCE = ["appearance"];

/** Changes of the own account go one after another, so that each knows the version that the one before has left. */
export const ACCOUNT_SCOPE = { id: "account" };

/** Null stores what the browser says. The last choice is the one that counts, so no version is asked for. */
export function useStoreAppearance({ onError }: { onError: (cause: unknown) => void }) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationKey: APPEARANCE,
    scope: ACCOUNT_SCOPE,
    mutationFn: (body: Appearance) => read(api.PATCH("/api/v1/me", { body })),
    onSuccess: async (profile) => {
      // An answer that is still on its way is older.
      await queryClient.cancelQueries({ queryKey: profileQuery().queryKey });
      queryClient.setQueryData(profileQuery().queryKey, profile);
    },
    onError,
  });
}

/** Whether a choice is on its way to the account: until it is there, the account says what was before. */
export function useIsStoringAppearance(): boolean {
  return useIsMutating({ mutationKey: APPEARANCE }) > 0;
}
