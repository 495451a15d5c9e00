"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { ActivityIcon, DownloadIcon, InfoIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import { csv } from "@/lib/csv";
import { activityQuery, type Call } from "@/lib/data/activity";
import { useNames } from "@/lib/data/members";
import { downloadText } from "@/lib/download";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { SearchInput } from "./address-input";
import { CallOutcome, OUTCOMES } from "./call-outcome";
import { reasonsOf } from "./call-reasons";
import { type Column, DataTable } from "./data-table";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { lazyDialog } from "./lazy-dialog";
import { Link } from "./link";
import { ListBar } from "./list-bar";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";
import { RelativeTime } from "./relative-time";
import { Button } from "./ui/button";
import { Card } from "./ui/card";
import { Select } from "./ui/input";
import { useDuration } from "./use-duration";

const CallDetailsDialog = lazyDialog(() => import("./call-details-dialog").then((module) => module.CallDetailsDialog));

interface CallListProps {
  /** What the search is called. */
  search: string;
  isLive: boolean;
  /** Only the calls of this server, by id. */
  server?: string;
  /** What stops and resumes it. */
  live?: ReactNode;
}

/** Calls as they come, and what narrows them. The filters stand in the address. */
export function CallList({ search, isLive, server, live }: CallListProps) {
  const t = useTranslations("activity");
  const [sought, seek] = useSearchParam("q");
  const [outcome, setOutcome] = useSearchParam("outcome");
  const [reason, setReason] = useSearchParam("reason");
  const reasons = reasonsOf(outcome);
  const duration = useDuration();
  const ref = useProjectRef();
  const nameOf = useNames(ref);
  const [shown, setShown] = useState<Call>();
  const calls = useInfiniteQuery(activityQuery(ref, { search: sought, outcome, reason, isLive, server }));
  const rows: Call[] = calls.data?.pages.flatMap((page) => page.items).filter((item) => item.type === "call") ?? [];
  const columns: Column<Call>[] = [
    { id: "at", header: t("when"), cell: (call) => <RelativeTime at={call.at} className="text-muted-foreground" />, sort: (call) => call.at, className: "w-32 @max-lg:hidden" },
    {
      id: "target",
      header: t("what"),
      sort: (call) => `${call.server} ${call.target}`,
      className: "w-full max-w-0",
      cell: (call) => (
        <>
          <span className="block truncate font-mono text-xs" title={`${call.server} ${call.target}`}>
            {call.server !== "" && <span className="text-muted-foreground">{call.server} · </span>}
            {call.target}
          </span>
          <RelativeTime at={call.at} className="text-xs text-muted-foreground @lg:hidden" />
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
      <ListBar
        end={
          <>
            {live}
            <Button size="sm" disabled={rows.length === 0 || calls.isPlaceholderData} onClick={save}>
              <DownloadIcon aria-hidden /> {t("export")}
            </Button>
          </>
        }
      >
        <SearchInput label={search} className="sm:max-w-64" value={sought} onText={seek} />
        <Select
          aria-label={t("outcome")}
          className="max-w-44"
          value={outcome}
          onChange={(event) => {
            setOutcome(event.target.value);
            if (!reasonsOf(event.target.value).some((other) => other === reason)) setReason("");
          }}
        >
          <option value="">{t("everyOutcome")}</option>
          <option value="failed">{t("failed")}</option>
          {OUTCOMES.map((other) => (
            <option key={other} value={other}>
              {t(`outcomes.${other}`)}
            </option>
          ))}
        </Select>
        <Select
          aria-label={t("reason")}
          className="max-w-52"
          disabled={reasons.length === 0}
          value={reason}
          onChange={(event) => {
            setReason(event.target.value);
          }}
        >
          <option value="">{t("everyReason")}</option>
          {reasons.map((other) => (
            <option key={other} value={other}>
              {t(`why.short.${other}`)}
            </option>
          ))}
        </Select>
        {rows.length > 0 && <span className="text-sm text-muted-foreground tabular">{t(calls.hasNextPage ? "countOfMore" : "count", { count: rows.length })}</span>}
      </ListBar>
      {calls.isPending ? (
        <ListSkeleton rows={10} />
      ) : calls.isLoadingError ? (
        <ErrorPanel error={calls.error} onRetry={() => void calls.refetch()} />
      ) : rows.length === 0 && sought === "" && outcome === "" && reason === "" ? (
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
