/** Who is logged in. */
import { queryOptions, useMutation, useSuspenseQuery } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { paths } from "../paths";

export const meQuery = () =>
  queryOptions({
    queryKey: ["me"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/auth/me", { signal })),
    staleTime: 60_000,
  });

export function useMe(): Schemas["UserView"] {
  return useSuspenseQuery(meQuery()).data.user;
}

const toLogin = () => {
  location.assign(paths.login());
};

/** Leaves by a real navigation, so that nothing of the login stays in memory. */
export function useLogout(leave = toLogin) {
  return useMutation({
    mutationFn: () => read(api.POST("/api/v1/auth/logout")),
    onSettled: leave,
  });
}
