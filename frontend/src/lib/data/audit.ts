/** The audit trail of a project or of the instance, which the pages of both show. */
import { infiniteQueryOptions, keepPreviousData } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ProjectRef } from "../paths";

export type AuditEntry = Schemas["AuditView"];
export type AuditAction = AuditEntry["action"];
type NounOf<Action> = Action extends `${infer Noun}.${string}` ? Noun : never;
export type AuditNoun = NounOf<AuditAction>;

/** Every noun, which the type holds. */
const EVERY: Record<AuditNoun, true> = {
  access: true,
  approval: true,
  audit: true,
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
export interface AuditFilter {
  search: string;
  /** Id of a user. */
  user: string;
  /** A noun, for all of its actions. */
  action: string;
  /** Days as the browser's calendar has them, such as 2026-01-31; both belong to it. */
  from: string;
  until: string;
  /** Id of a project; of the instance's trail alone. */
  project: string;
}

export const NO_FILTER: AuditFilter = { search: "", user: "", action: "", from: "", until: "", project: "" };

const PAGE = 100;
/** While nobody has looked further than the first page, it is kept true. */
const LIVE = 5_000;

/** When a day begins here, or the one after it. */
function begin(day: string, after: 0 | 1): string | undefined {
  const [year = NaN, month = NaN, date = NaN] = day.split("-").map(Number);
  const at = new Date(year, month - 1, date + after);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

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
        from: begin(filter.from, 0),
        until: begin(filter.until, 1),
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
