/** The people of a project. */
import { queryOptions, useQuery } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type Member = Schemas["MemberView"];

export const membersQuery = (ref: ProjectRef) =>
  queryOptions({
    queryKey: ["project", ref.project, "members"],
    queryFn: ({ signal }) => read(api.GET("/api/v1/projects/{project}/members", { params: { path: ref }, signal })),
    select: (page) => page.items,
  });

/** Names of people by id, as far as they belong to the project. */
export function useNames(ref: ProjectRef): (id: string | null | undefined) => string | undefined {
  const members = useQuery(membersQuery(ref)).data ?? [];
  return (id) => {
    const member = members.find(({ user_id: own }) => own === id);
    return member === undefined ? undefined : member.name || member.email;
  };
}
