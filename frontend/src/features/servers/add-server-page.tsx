"use client";

import { useQuery } from "@tanstack/react-query";
import { FileJsonIcon, SearchIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { GuardedButton } from "@/components/guarded-button";
import { PageHeader } from "@/components/page-header";
import { SubmitButton } from "@/components/submit-button";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { Skeleton } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { useRoleReason } from "@/components/use-role-reason";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { CatalogDialog } from "./catalog-dialog";
import { useCreateServer } from "./mutations";
import { type CatalogServer, serverCatalogQuery } from "./queries";
import { ServerForm } from "./server-form";
import { NEW_SERVER, toCreateRequest } from "./server-form-values";

export function AddServerPage() {
  const t = useTranslations("addServer");
  const ref = useProjectRef();
  const [from, setFrom] = useSearchParam("from");
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
          <NewServer />
        </TabsContent>
      </Tabs>
    </>
  );
}

function NewServer() {
  const t = useTranslations("addServer");
  const ref = useProjectRef();
  const router = useRouter();
  const reason = useRoleReason("manageServers");
  const create = useCreateServer(ref);
  return (
    <Card className="max-w-3xl">
      <ServerForm
        values={NEW_SERVER}
        error={create.error}
        disabled={reason !== undefined}
        onSubmit={(values, onError) => {
          create.mutate(toCreateRequest(values), {
            onError,
            onSuccess: (server) => {
              router.push(paths.server({ ...ref, server: server.alias }));
            },
          });
        }}
        footer={() =>
          reason === undefined ? (
            <SubmitButton pending={create.isPending || create.isSuccess}>{t("add")}</SubmitButton>
          ) : (
            <GuardedButton reason={reason} variant="primary">
              {t("add")}
            </GuardedButton>
          )
        }
      />
    </Card>
  );
}

function Catalog() {
  const t = useTranslations("addServer");
  const { data, error, refetch } = useQuery(serverCatalogQuery());
  const [search, setSearch] = useState("");
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
        <Input
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          className="pl-8"
          value={search}
          onChange={(event) => {
            setSearch(event.target.value);
          }}
        />
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
        server={chosen}
        onClose={() => {
          setChosen(undefined);
        }}
      />
    </>
  );
}
