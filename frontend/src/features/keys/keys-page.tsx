"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { KeyRoundIcon, PlusIcon } from "lucide-react";
import { useState } from "react";
import { useNow, useTranslations } from "use-intl";

import { SearchInput } from "@/components/address-input";
import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { lazyDialog } from "@/components/lazy-dialog";
import { NotForRole } from "@/components/not-for-role";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { cn } from "@/lib/cn";
import { type Key, keysQuery } from "@/lib/data/keys";
import { membersQuery, useNames } from "@/lib/data/members";
import { useMe } from "@/lib/data/session";
import { useProjectRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { isFound, withoutSecret } from "./find-key";
import { KeyActions } from "./key-actions";
import { keyState } from "./key-state";
import { ScopeText } from "./scope-text";

const CreateKeyDialog = lazyDialog(() => import("./create-key-dialog").then((module) => module.CreateKeyDialog));
const MadeKeyDialog = lazyDialog(() => import("./made-key-dialog").then((module) => module.MadeKeyDialog));

const TONES = { active: "success", powerless: "warning", expired: "neutral", revoked: "danger" } as const;

export function KeysPage() {
  const reason = useRoleReason("useOwnKeys");
  const t = useTranslations("keys");
  if (reason !== undefined) {
    return (
      <>
        <PageHeader title={t("title")} />
        <NotForRole reason={reason} className="rounded-lg border border-dashed border-border" />
      </>
    );
  }
  return <Keys />;
}

function Keys() {
  const t = useTranslations("keys");
  const common = useTranslations("common");
  const ref = useProjectRef();
  const me = useMe();
  const tick = useNow({ updateInterval: 30_000 });
  const { data: keys, dataUpdatedAt } = useSuspenseQuery(keysQuery(ref));
  // What has just been read may have ended since the last tick.
  const now = new Date(Math.max(tick.getTime(), dataUpdatedAt));
  const memberName = useNames(ref);
  const [which, setWhich] = useSearchParam("show");
  const [sought, seek] = useSearchParam("q");
  const [isNew, setNew] = useSearchParam("new");
  const [made, setMade] = useState<string>();
  // Until the members are there nothing is known of who made a key.
  const areKnown = useQuery(membersQuery(ref)).data !== undefined;
  const nameOf = (id: string) => (id === me.id ? t("you") : (memberName(id) ?? (areKnown ? t("notMember") : "–")));

  const create = (
    <Button
      variant="primary"
      aria-haspopup="dialog"
      onClick={() => {
        setNew("1");
      }}
    >
      <PlusIcon /> {t("create")}
    </Button>
  );
  const columns: Column<Key>[] = [
    {
      id: "name",
      header: t("column.name"),
      sort: (key) => key.name,
      className: "w-full max-w-0",
      cell: (key) => (
        <div className="min-w-0">
          <p className="truncate font-medium" title={key.name}>
            {key.name}
          </p>
          <p className="truncate font-mono text-xs text-muted-foreground">{key.prefix}…</p>
        </div>
      ),
    },
    {
      id: "state",
      header: t("column.state"),
      sort: (key) => keyState(key, now),
      cell: (key) => {
        const state = keyState(key, now);
        return (
          <Badge tone={TONES[state]} title={state === "powerless" ? t(key.creator_role === null ? "powerless.gone" : "powerless.viewer") : undefined}>
            {t(`state.${state}`)}
          </Badge>
        );
      },
    },
    {
      id: "scope",
      header: t("column.scope"),
      className: "@max-5xl:hidden whitespace-nowrap",
      cell: (key) => <ScopeText scope={key.scope} limits={key.limits} />,
    },
    {
      id: "creator",
      header: t("column.creator"),
      className: "@max-2xl:hidden",
      sort: (key) => nameOf(key.creator_id),
      cell: (key) => <span className="block max-w-48 truncate">{nameOf(key.creator_id)}</span>,
    },
    {
      id: "used",
      header: t("column.lastUsed"),
      className: "@max-lg:hidden",
      sort: (key) => key.last_used_at ?? "",
      cell: (key) =>
        key.last_used_at === null ? <span className="text-muted-foreground">{common("never")}</span> : (
          <span title={[key.last_used_by, key.last_used_from].filter(Boolean).join(" · ")}>
            <RelativeTime at={key.last_used_at} />
            {key.last_used_by !== null && <span className="block max-w-40 truncate text-xs text-muted-foreground">{key.last_used_by}</span>}
          </span>
        ),
    },
    {
      id: "expires",
      header: t("column.expires"),
      className: "@max-xl:hidden",
      sort: (key) => key.expires_at ?? "9",
      cell: (key) =>
        key.expires_at === null ? <span className="text-muted-foreground">{common("never")}</span> : <RelativeTime at={key.expires_at} future />,
    },
    {
      id: "created",
      header: t("column.created"),
      className: "@max-4xl:hidden",
      sort: (key) => key.created_at,
      cell: (key) => <RelativeTime at={key.created_at} className="text-muted-foreground" />,
    },
    {
      id: "actions",
      header: t("column.actions"),
      hideHeader: true,
      align: "right",
      className: "w-0",
      cell: (key) =>
        ["active", "powerless"].includes(keyState(key, now)) ? (
          <KeyActions apiKey={key} reason={key.creator_id === me.id ? undefined : t("onlyCreator")} onMade={setMade} />
        ) : null,
    },
  ];
  const found = keys.filter((key) => isFound(key, sought));
  const shown = which === "all" ? found : found.filter((key) => keyState(key, now) === "active");
  return (
    <>
      <PageHeader title={t("title")} description={t("description")} actions={keys.length > 0 && create} />
      <CreateKeyDialog
        open={isNew !== ""}
        onOpenChange={(open) => {
          setNew(open ? "1" : "");
        }}
        onMade={setMade}
      />
      <MadeKeyDialog
        open={made !== undefined}
        apiKey={made}
        onClose={() => {
          setMade(undefined);
        }}
      />
      {keys.length === 0 ? (
        <EmptyState
          icon={KeyRoundIcon}
          heading={t("emptyHeading")}
          description={t("emptyDescription")}
          actions={create}
          className="rounded-lg border border-dashed border-border"
        />
      ) : (
        <>
          <div className="mb-3 flex flex-wrap items-center gap-x-4 gap-y-2">
            <SearchInput label={t("search")} className="sm:max-w-72" value={sought} onText={seek} clean={withoutSecret} />
            <div role="group" aria-label={t("filterLabel")} className="flex gap-1">
              {(["", "all"] as const).map((choice) => (
                <Button
                  key={choice}
                  size="sm"
                  variant="ghost"
                  aria-pressed={which === choice}
                  className={cn("text-muted-foreground", which === choice && "bg-accent text-foreground")}
                  onClick={() => {
                    setWhich(choice);
                  }}
                >
                  {t(choice === "" ? "filter.active" : "filter.all")}{" "}
                  <span className="tabular">
                    {choice === "" ? found.filter((key) => keyState(key, now) === "active").length : found.length}
                  </span>
                </Button>
              ))}
            </div>
          </div>
          {shown.length === 0 ? (
            <EmptyState
              icon={KeyRoundIcon}
              heading={found.length === 0 ? t("noneFound") : sought === "" ? t("noneActive") : t("noneActiveFound", { count: found.length })}
              className="rounded-lg border border-dashed border-border"
              actions={
                found.length > 0 && (
                  <Button
                    onClick={() => {
                      setWhich("all");
                    }}
                  >
                    {t("showAll")}
                  </Button>
                )
              }
            />
          ) : (
            <Card className="overflow-hidden">
              <DataTable
                label={t("title")}
                columns={columns}
                rows={shown}
                rowId={(key) => key.id}
                isMuted={(key) => keyState(key, now) !== "active"}
              />
            </Card>
          )}
        </>
      )}
    </>
  );
}
