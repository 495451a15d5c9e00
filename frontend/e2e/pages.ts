/** Every page, for the specs that visit all of them. A new page is added here. */
import type { Filled } from "./fixtures/filled";

export interface Visited {
  name: string;
  path: (project: Filled) => string;
  /** The page's h1, in English and Korean. */
  heading: [RegExp, RegExp];
}

export const PAGES: Visited[] = [
  { name: "projects", path: () => "/projects", heading: [/^Projects$/, /^프로젝트$/] },
  { name: "overview", path: ({ slug }) => `/projects/${slug}`, heading: [/^Project-/, /^Project-/] },
  { name: "servers", path: ({ slug }) => `/projects/${slug}/servers`, heading: [/^Servers$/, /^서버$/] },
  { name: "import", path: ({ slug }) => `/projects/${slug}/import`, heading: [/^Import servers$/, /^서버 가져오기$/] },
  { name: "add-server", path: ({ slug }) => `/projects/${slug}/add-server`, heading: [/^Add a server$/, /^서버 추가$/] },
  { name: "add-server-form", path: ({ slug }) => `/projects/${slug}/add-server?from=form`, heading: [/^Add a server$/, /^서버 추가$/] },
  { name: "keys", path: ({ slug }) => `/projects/${slug}/keys`, heading: [/^API keys$/, /^API 키$/] },
  { name: "server", path: ({ slug }) => `/projects/${slug}/servers/everything`, heading: [/^everything$/, /^everything$/] },
  {
    name: "server-settings",
    path: ({ slug }) => `/projects/${slug}/servers/everything/settings`,
    heading: [/^Server settings$/, /^서버 설정$/],
  },
  {
    name: "server-settings-filled",
    path: ({ slug }) => `/projects/${slug}/servers/search/settings`,
    heading: [/^Server settings$/, /^서버 설정$/],
  },
  { name: "server-personal", path: ({ slug }) => `/projects/${slug}/servers/search`, heading: [/^search$/, /^search$/] },
  { name: "tools", path: ({ slug }) => `/projects/${slug}/servers/everything/tools`, heading: [/^Tools$/, /^도구$/] },
  { name: "playground", path: ({ slug }) => `/projects/${slug}/servers/everything/playground`, heading: [/^Playground$/, /^플레이그라운드$/] },
  { name: "usage", path: ({ slug }) => `/projects/${slug}/servers/everything/usage`, heading: [/^Usage$/, /^사용량$/] },
  { name: "logs", path: ({ slug }) => `/projects/${slug}/servers/everything/logs`, heading: [/^Logs$/, /^로그$/] },
  { name: "activity", path: ({ slug }) => `/projects/${slug}/activity`, heading: [/^Activity$/, /^활동$/] },
  { name: "members", path: ({ slug }) => `/projects/${slug}/members`, heading: [/^Members$/, /^멤버$/] },
  { name: "approvals", path: ({ slug }) => `/projects/${slug}/approvals`, heading: [/^Approvals$/, /^승인$/] },
  { name: "settings", path: ({ slug }) => `/projects/${slug}/settings`, heading: [/^Settings$/, /^설정$/] },
  { name: "teams", path: () => "/teams", heading: [/^Teams$/, /^팀$/] },
  { name: "team", path: ({ team }) => `/teams/${team}`, heading: [/^Team of /, /^Team of /] },
  { name: "profile", path: () => "/profile", heading: [/./, /./] },
  { name: "admin-users", path: () => "/admin/users", heading: [/^Users$/, /^사용자$/] },
  { name: "admin-teams", path: () => "/admin/teams", heading: [/^Teams$/, /^팀$/] },
  { name: "admin-projects", path: () => "/admin/projects", heading: [/^Projects$/, /^프로젝트$/] },
  { name: "admin-keys", path: () => "/admin/keys", heading: [/^Keys$/, /^키$/] },
  { name: "admin-audit", path: () => "/admin/audit", heading: [/^Audit log$/, /^감사 로그$/] },
  { name: "admin-system", path: () => "/admin/system", heading: [/^System$/, /^시스템$/] },
];

/** What is seen without a login. */
export const DOORS: Visited[] = [
  { name: "login", path: () => "/login", heading: [/^Log in to /, /로그인$/] },
  { name: "forgot-password", path: () => "/forgot-password", heading: [/./, /./] },
  { name: "sign-up", path: () => "/sign-up", heading: [/./, /./] },
  { name: "reset-password", path: () => "/reset-password#orchr_something", heading: [/^Choose a new password$/, /./] },
  { name: "reset-password-without-token", path: () => "/reset-password", heading: [/./, /./] },
  { name: "invitation-over", path: () => "/invitation#orchi_nothing", heading: [/./, /./] },
];
