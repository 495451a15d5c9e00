/** Every URL of the dashboard. A project goes by its slug, a server by its alias. */

export interface ProjectRef {
  project: string;
}

export interface ServerRef extends ProjectRef {
  server: string;
}

/** Stands for every project, server and the like in the exported files; the daemon answers all of them with it. */
export const PLACEHOLDER = "_";

const project = (ref: ProjectRef, rest = "") => `/projects/${encodeURIComponent(ref.project)}${rest}`;
const server = (ref: ServerRef, rest = "") => project(ref, `/servers/${encodeURIComponent(ref.server)}${rest}`);

function withQuery(path: string, query: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") search.set(name, value);
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

export const paths = {
  home: () => "/",
  /** `token` goes on to `next` behind a #, as it came: no server ever sees it. */
  login: ({ token, ...query }: { next?: string; token?: string } = {}) => withQuery("/login", query) + (token === undefined ? "" : `#${token}`),
  forgotPassword: () => "/forgot-password",
  signUp: () => "/sign-up",
  projects: () => "/projects",

  project: (ref: ProjectRef) => project(ref),
  servers: (ref: ProjectRef) => project(ref, "/servers"),
  addServer: (ref: ProjectRef, query: { from?: string } = {}) => withQuery(project(ref, "/add-server"), query),
  importServers: (ref: ProjectRef) => project(ref, "/import"),
  keys: (ref: ProjectRef, query: { new?: string; show?: string; q?: string } = {}) => withQuery(project(ref, "/keys"), query),
  members: (ref: ProjectRef) => project(ref, "/members"),
  activity: (ref: ProjectRef, query: { outcome?: string; since?: string } = {}) => withQuery(project(ref, "/activity"), query),
  approvals: (ref: ProjectRef) => project(ref, "/approvals"),
  projectSettings: (ref: ProjectRef) => project(ref, "/settings"),

  server: (ref: ServerRef) => server(ref),
  serverTools: (ref: ServerRef, query: { kind?: string; name?: string } = {}) =>
    withQuery(server(ref, "/tools"), query),
  playground: (ref: ServerRef, query: { kind?: string; name?: string } = {}) =>
    withQuery(server(ref, "/playground"), query),
  serverUsage: (ref: ServerRef) => server(ref, "/usage"),
  serverLogs: (ref: ServerRef) => server(ref, "/logs"),
  serverSettings: (ref: ServerRef) => server(ref, "/settings"),

  teams: () => "/teams",
  team: (team: string) => `/teams/${encodeURIComponent(team)}`,
  /** The token stands behind a # of it. */
  invitation: () => "/invitation",
  profile: () => "/profile",

  adminUsers: () => "/admin/users",
  adminTeams: () => "/admin/teams",
  adminProjects: () => "/admin/projects",
  adminKeys: () => "/admin/keys",
  adminSystem: () => "/admin/system",
  adminAudit: () => "/admin/audit",

  apiReference: () => "/docs/",
};

const HERE = "http://here";

/** Where a login goes on to: only ever a page of ours. */
export function safeNext(next: string | null): string {
  // What a browser makes of the text counts: it drops tabs and ends of lines.
  if (next?.startsWith("/") !== true || !URL.canParse(next, HERE)) return paths.home();
  const { origin, pathname, search, hash } = new URL(next, HERE);
  return origin === HERE && !pathname.startsWith("//") ? pathname + search + hash : paths.home();
}
