/** The audit trail of a project or of the instance, which the pages of both show. */
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import { type Days, timesOf } from "../days";
import type { ProjectRef } from "../paths";

export type AuditEntry = Schemas["AuditView"];
export type AuditAction = AuditEntry["action"];
type NounOf<Action> = Action extends `${infer Noun}.${string}` ? Noun : never;
export type AuditNoun = NounOf<AuditAction>;

/** Every noun, which the type holds. */
const EVERY: Record<AuditNoun, true> = {
  access: true,
  approval: true,
  encryption: true,
  invitation: true,
  key: true,
  limits: true,
  login: true,
  mail: true,
  member: true,
  personal_secret: true,
  policy: true,
  project: true,
  project_team: true,
  secrets: true,
  server: true,
  session: true,
  team: true,
  team_member: true,
  tool: true,
  user: true,
};
export const NOUNS = Object.keys(EVERY) as AuditNoun[];

/** Empty texts do not matter. */
export interface AuditFilter extends Days {
  search: string;
  /** Id of a user. */
  user: string;
  /** A noun, for all of its actions. */
  action: string;
  /** Id of a project; of the instance's trail alone. */
  project: string;
}

const PAGE = 100;
/** While nobody has looked further than the first page, it is kept true. */
const LIVE = 5_000;

/** The filter is the daemon's: it searches all there is, not what is loaded. Without a project, all of the instance. */
export const auditQuery = (ref: ProjectRef | undefined, filter: AuditFilter, isLive: boolean) =>
  infiniteQueryOptions({
    queryKey: [...(ref === undefined ? ["admin"] : ["project", ref.project]), "audit", filter],
    queryFn: ({ pageParam, signal }) => {
      const given = (text: string) => (text.trim() === "" ? undefined : text);
      const query = {
        limit: PAGE,
        cursor: pageParam,
        search: given(filter.search),
        user: given(filter.user),
        action: given(filter.action),
        ...timesOf(filter),
      };
      return ref === undefined
        ? read(api.GET("/api/v1/audit", { params: { query: { ...query, project: given(filter.project) } }, signal }))
        : read(api.GET("/api/v1/projects/{project}/audit", { params: { path: ref, query }, signal }));
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    refetchInterval: (query) => (isLive && (query.state.data?.pages.length ?? 0) <= 1 ? LIVE : false),
  });
