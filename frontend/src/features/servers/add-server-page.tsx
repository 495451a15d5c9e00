"use client";

import { useQuery } from "@tanstack/react-query";
import { FileJsonIcon, SearchIcon } from "lucide-react";
import { Link } from "@/components/link";
import { lazy, Suspense, useState } from "react";
import { useLocale, useTranslations } from "use-intl";

import { SearchInput } from "@/components/address-input";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { lazyDialog } from "@/components/lazy-dialog";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { paths } from "@/lib/paths";
import { usePreload } from "@/lib/preload";
import { useProjectRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { type CatalogServer, serverCatalogQuery } from "./queries";

const CatalogDialog = lazyDialog(() => import("./catalog-dialog").then((module) => module.CatalogDialog));
const loadForm = () => import("./new-server").then((module) => ({ default: module.NewServer }));
const NewServer = lazy(loadForm);

export function AddServerPage() {
  const t = useTranslations("addServer");
  const ref = useProjectRef();
  const [from, setFrom] = useSearchParam("from");
  usePreload(loadForm);
  return (
    <>
      <PageHeader
        title={t("title")}
        actions={
          <Button asChild>
            <Link href={paths.importServers(ref)}>
              <FileJsonIcon /> {t("byJson")}
            </Link>
          </Button>
        }
      />
      <Tabs value={from === "" ? "catalog" : from} onValueChange={setFrom} className="grid gap-4">
        <TabsList aria-label={t("title")} className="justify-self-start">
          <TabsTrigger value="catalog">{t("catalog")}</TabsTrigger>
          <TabsTrigger value="form">{t("form")}</TabsTrigger>
        </TabsList>
        <TabsContent value="catalog" tabIndex={-1}>
          <Catalog />
        </TabsContent>
        <TabsContent value="form" tabIndex={-1}>
          <Suspense fallback={<Skeleton className="h-96 max-w-3xl" />}>
            <NewServer />
          </Suspense>
        </TabsContent>
      </Tabs>
    </>
  );
}

function Catalog() {
  const t = useTranslations("addServer");
  const { data, error, refetch } = useQuery(serverCatalogQuery(useLocale()));
  const [search, setSearch] = useSearchParam("q");
  const [chosen, setChosen] = useState<CatalogServer>();
  if (data === undefined) {
    return error === null ? <Skeleton className="h-72" /> : <ErrorPanel error={error} onRetry={() => void refetch()} />;
  }
  const wanted = search.trim().toLowerCase();
  const shown = data.filter((server) => `${server.name} ${server.description} ${server.category}`.toLowerCase().includes(wanted));
  return (
    <>
      <div className="relative mb-4 w-full sm:max-w-xs">
        <SearchIcon aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-muted-foreground" />
        <SearchInput label={t("search")} className="pl-8" value={search} onText={setSearch} />
      </div>
      {shown.length === 0 && <EmptyState icon={SearchIcon} heading={t("nothingFound")} description={t("nothingFoundHint")} />}
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-3">
        {shown.map((server) => (
          <li key={server.id}>
            <button
              type="button"
              onClick={() => {
                setChosen(server);
              }}
              className="flex h-full w-full flex-col rounded-lg border border-border bg-card p-4 text-left transition-colors hover:border-foreground/30"
            >
              <span className="flex w-full items-center gap-2">
                <span className="min-w-0 flex-1 truncate text-base font-semibold">{server.name}</span>
                <Badge>{t(`category.${server.category as "browser"}`)}</Badge>
              </span>
              <span className="mt-1 text-sm text-muted-foreground">{server.description}</span>
            </button>
          </li>
        ))}
      </ul>
      <CatalogDialog
        open={chosen !== undefined}
        server={chosen}
        onClose={() => {
          setChosen(undefined);
        }}
      />
    </>
  );
}
