/** Every page, for the specs that visit all of them. A new page is added here. */
export interface Visited {
  name: string;
  path: (slug: string) => string;
  /** The page's h1, in English and Korean. */
  heading: [RegExp, RegExp];
}

export const PAGES: Visited[] = [
  { name: "projects", path: () => "/projects", heading: [/^Projects$/, /^프로젝트$/] },
  { name: "overview", path: (slug) => `/projects/${slug}`, heading: [/^Project-/, /^Project-/] },
  { name: "servers", path: (slug) => `/projects/${slug}/servers`, heading: [/^Servers$/, /^서버$/] },
  { name: "import", path: (slug) => `/projects/${slug}/import`, heading: [/^Import servers$/, /^서버 가져오기$/] },
  { name: "add-server", path: (slug) => `/projects/${slug}/add-server`, heading: [/^Add a server$/, /^서버 추가$/] },
  { name: "add-server-form", path: (slug) => `/projects/${slug}/add-server?from=form`, heading: [/^Add a server$/, /^서버 추가$/] },
  { name: "keys", path: (slug) => `/projects/${slug}/keys`, heading: [/^API keys$/, /^API 키$/] },
  { name: "server", path: (slug) => `/projects/${slug}/servers/everything`, heading: [/^everything$/, /^everything$/] },
  {
    name: "server-settings",
    path: (slug) => `/projects/${slug}/servers/everything/settings`,
    heading: [/^Server settings$/, /^서버 설정$/],
  },
];
