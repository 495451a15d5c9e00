"use client";

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { ActivityIcon, InfoIcon } from "lucide-react";
import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { csv } from "@/lib/csv";
import { activityQuery, type Call } from "@/lib/data/activity";
import { keysQuery } from "@/lib/data/keys";
import { membersQuery, useNames } from "@/lib/data/members";
import { useAccess } from "@/lib/data/projects";
import { serversQuery } from "@/lib/data/servers";
import { areReversed } from "@/lib/days";
import { downloadText } from "@/lib/download";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { useSearchFilter } from "@/lib/search-param";

import { SearchInput } from "./address-input";
import { CallOutcome, OUTCOMES } from "./call-outcome";
import { reasonsOf } from "./call-reasons";
import { CalledName } from "./called-name";
import { type Column, DataTable } from "./data-table";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { Choice, FilterBar, type Option, PersonChoice, WrongDays } from "./filter-bar";
import { lazyDialog } from "./lazy-dialog";
import { Link } from "./link";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";
import { RelativeTime } from "./relative-time";
import { Button } from "./ui/button";
import { Card } from "./ui/card";
import { useDuration } from "./use-duration";

const CallDetailsDialog = lazyDialog(() => import("./call-details-dialog").then((module) => module.CallDetailsDialog));

/** What each part of the filter is called in the address. */
const NAMES = { search: "q", outcome: "outcome", reason: "reason", user: "user", key: "key", server: "server", from: "from", until: "until", since: "since" } as const;

interface CallListProps {
  /** What the search is called. */
  search: string;
  /** Only the calls of this server, by id. */
  server?: string;
}

/** Calls as they come, and what narrows them. The filters stand in the address. */
export function CallList({ search, server }: CallListProps) {
  const t = useTranslations("activity");
  const format = useFormatter();
  const { filter: written, narrow, clear } = useSearchFilter(NAMES);
  // Of an address that somebody has cut, the rest counts.
  const filter = { ...written, since: Number.isNaN(Date.parse(written.since)) ? "" : written.since };
  const [isLive, setLive] = useState(true);
  const isWrong = areReversed(filter);
  const reasons = reasonsOf(filter.outcome);
  const duration = useDuration();
  const ref = useProjectRef();
  const { may } = useAccess();
  const nameOf = useNames(ref);
  const { people, keys, servers } = useOptions();
  const [shown, setShown] = useState<Call>();
  const calls = useInfiniteQuery({ ...activityQuery(ref, server === undefined ? filter : { ...filter, server }, isLive), enabled: !isWrong });
  const rows: Call[] = calls.data?.pages.flatMap((page) => page.items).filter((item) => item.type === "call") ?? [];
  const columns: Column<Call>[] = [
    { id: "at", header: t("when"), cell: (call) => <RelativeTime at={call.at} clock className="text-muted-foreground" />, sort: (call) => call.at, className: "w-32 @max-3xl:hidden" },
    {
      id: "target",
      header: t("what"),
      sort: (call) => `${call.server} ${call.target}`,
      className: "w-full max-w-0",
      cell: (call) => (
        <>
          <CalledName call={call} />
          <RelativeTime at={call.at} clock className="text-xs text-muted-foreground @3xl:hidden" />
        </>
      ),
    },
    { id: "kind", header: t("kind"), cell: (call) => <span className="whitespace-nowrap">{t(`kinds.${call.kind as "tool"}`)}</span>, className: "@max-5xl:hidden" },
    { id: "user", header: t("who"), sort: (call) => nameOf(call.user_id) ?? "", cell: (call) => <span className="block max-w-40 truncate">{nameOf(call.user_id) ?? t("formerMember")}</span>, className: "@max-2xl:hidden" },
    { id: "client", header: t("client"), sort: (call) => call.client, cell: (call) => <span className="block max-w-40 truncate text-muted-foreground">{call.client}</span>, className: "@max-4xl:hidden" },
    { id: "outcome", header: t("outcome"), sort: (call) => call.outcome, cell: (call) => <CallOutcome call={call} /> },
    { id: "duration", header: t("duration"), align: "right", sort: (call) => call.duration_ms, cell: (call) => <span className="whitespace-nowrap">{duration(call.duration_ms)}</span>, className: "@max-xl:hidden" },
    {
      id: "details",
      header: t("details"),
      hideHeader: true,
      align: "right",
      className: "w-0",
      cell: (call) => (
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={t("detailsOf", { name: call.target })}
          title={t("details")}
          onClick={() => {
            setShown(call);
          }}
        >
          <InfoIcon />
        </Button>
      ),
    },
  ];
  const save = () => {
    const head = ["at", "server", "kind", "target", "user", "client", "outcome", "reason", "rule_id", "duration_ms", "waited_ms", "arguments_digest", "arguments"];
    const body = rows.map((call) => [call.at, call.server, call.kind, call.target, nameOf(call.user_id) ?? call.user_id, call.client, call.outcome, call.reason ?? "", call.rule_id ?? "", call.duration_ms, call.waited_ms, call.arguments_digest ?? "", call.arguments ?? ""]);
    downloadText("calls.csv", csv([head, ...body]), "text/csv");
  };
  return (
    <>
      <FilterBar
        days={filter}
        onDays={(days) => { narrow({ ...days, ...(days.from !== undefined && { since: "" }) }); }}
        onClear={clear}
        count={rows.length}
        hasMore={calls.hasNextPage}
        isLive={isLive}
        onLive={setLive}
        onSave={rows.length === 0 || calls.isPlaceholderData ? undefined : save}
      >
        <SearchInput label={search} className="sm:max-w-52" value={filter.search} onText={(text) => { narrow({ search: text }); }} />
        <Choice
          label={t("outcome")}
          every={t("everyOutcome")}
          value={filter.outcome}
          options={[{ id: "failed", name: t("failed") }, ...OUTCOMES.map((id) => ({ id, name: t(`outcomes.${id}`) }))]}
          onChoose={(outcome) => {
            narrow({ outcome, ...(reasonsOf(outcome).some((other) => other === filter.reason) ? {} : { reason: "" }) });
          }}
        />
        <Choice
          label={t("reason")}
          every={t("everyReason")}
          value={filter.reason}
          options={reasons.map((id) => ({ id, name: t(`why.short.${id}`) }))}
          disabled={reasons.length === 0}
          onChoose={(reason) => { narrow({ reason }); }}
        />
        {/* Everybody else sees own calls alone. */}
        {may("inspect") && <PersonChoice value={filter.user} options={people} onChoose={(user) => { narrow({ user }); }} />}
        <Choice label={t("key")} every={t("everyKey")} value={filter.key} options={keys} onChoose={(key) => { narrow({ key }); }} />
        {server === undefined && <Choice label={t("server")} every={t("everyServer")} value={filter.server} options={servers} onChoose={(id) => { narrow({ server: id }); }} />}
        {filter.since !== "" && <span className="text-sm text-muted-foreground tabular">{t("since", { at: format.dateTime(new Date(filter.since), { dateStyle: "medium", timeStyle: "short" }) })}</span>}
      </FilterBar>
      {isWrong ? (
        <WrongDays />
      ) : calls.isPending ? (
        <ListSkeleton rows={10} />
      ) : calls.isLoadingError ? (
        <ErrorPanel error={calls.error} onRetry={() => void calls.refetch()} />
      ) : rows.length === 0 && clear === undefined ? (
        <EmptyState
          icon={ActivityIcon}
          heading={t("noCalls")}
          description={t("noCallsHint")}
          className="rounded-lg border border-dashed border-border"
          actions={
            <Button asChild>
              <Link href={paths.keys(ref, { new: "1" })}>{t("makeKey")}</Link>
            </Button>
          }
        />
      ) : (
        <Card>
          {rows.length === 0 ? (
            <p className="px-4 py-10 text-center text-sm text-muted-foreground">{t("noMatch")}</p>
          ) : (
            <DataTable label={t("view.calls")} columns={columns} rows={rows} rowId={(call) => call.id} />
          )}
          <LoadMore {...calls} />
        </Card>
      )}
      <CallDetailsDialog
        open={shown !== undefined}
        call={shown}
        onClose={() => {
          setShown(undefined);
        }}
      />
    </>
  );
}

/** Whose calls, with which key and at which server. */
function useOptions(): Record<"people" | "keys" | "servers", Option[]> {
  const ref = useProjectRef();
  const members = useQuery(membersQuery(ref)).data ?? [];
  const keys = useQuery({ ...keysQuery(ref), refetchInterval: false }).data ?? [];
  const servers = useQuery(serversQuery(ref)).data ?? [];
  return {
    people: apart(members.map((member) => ({ id: member.user_id, name: member.name || member.email, more: member.email }))),
    keys: apart(keys.map((key) => ({ id: key.id, name: key.name, more: key.prefix }))),
    servers: servers.map((server) => ({ id: server.id, name: server.alias })),
  };
}

/** What has the same name, as a key has that was rotated, is told apart by more of it. */
function apart(options: (Option & { more: string })[]): Option[] {
  const count = new Map<string, number>();
  for (const { name } of options) count.set(name, (count.get(name) ?? 0) + 1);
  return options.map(({ id, name, more }) => ({ id, name: count.get(name) === 1 ? name : `${name} (${more})` }));
}
