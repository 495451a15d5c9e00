/** What is said of well-known servers, in the languages that the daemon's own list is not in. */
import type { Schemas } from "@/lib/api/client";
import type { Locale } from "@/lib/i18n/locale";

type CatalogServer = Schemas["CatalogServer"];

type Texts = Partial<Record<string, { description: string; inputs?: Partial<Record<string, string>> }>>;

/** Apart from all other texts, as one page alone shows them. */
const LOADERS: Record<Locale, () => Promise<Texts>> = {
  en: () => Promise.resolve({}),
  ko: () => import("@/messages/ko/catalog.json").then((module) => module.default),
};

export async function inLanguage(servers: CatalogServer[], locale: Locale): Promise<CatalogServer[]> {
  const texts = await LOADERS[locale]();
  return servers.map((server) => {
    const own = texts[server.id];
    if (own === undefined) return server;
    const inputs = server.inputs?.map((input) => ({ ...input, help: own.inputs?.[input.name] ?? input.help }));
    return { ...server, description: own.description, inputs };
  });
}
