import { useMutation } from "@tanstack/react-query";

import { api, read } from "@/lib/api/client";
import { paths } from "@/lib/paths";

/** Leaves by a real navigation, so that nothing of the login stays in memory. */
export function useLogout() {
  return useMutation({
    mutationFn: () => read(api.POST("/api/v1/auth/logout")),
    onSettled: () => {
      location.assign(paths.login());
    },
  });
}
