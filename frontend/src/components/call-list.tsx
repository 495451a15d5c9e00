"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { ActivityIcon, BracesIcon, DownloadIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { csv } from "@/lib/csv";
import { activityQuery, type Call } from "@/lib/data/activity";
import { useNames } from "@/lib/data/members";
import { downloadText } from "@/lib/download";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { type Column, DataTable } from "./data-table";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { lazyDialog } from "./lazy-dialog";
import { Link } from "./link";
import { ListBar } from "./list-bar";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";
import { RelativeTime } from "./relative-time";
import { Badge, type Tone } from "./ui/badge";
import { Button } from "./ui/button";
import { Card } from "./ui/card";
import { Select } from "./ui/input";

const CallArgumentsDialog = lazyDialog(() => import("./call-arguments-dialog").then((module) => module.CallArgumentsDialog));

const OUTCOMES = ["ok", "tool_error", "rpc_error", "unavailable", "timeout", "refused", "limited", "cancelled", "abandoned"] as const;
type Outcome = (typeof OUTCOMES)[number];

const TONES: Record<Outcome, Tone> = {
  ok: "success",
  tool_error: "danger",
  rpc_error: "danger",
  unavailable: "danger",
  timeout: "warning",
  refused: "warning",
  limited: "warning",
  cancelled: "neutral",
  abandoned: "neutral",
};

interface CallListProps {
  sought: string;
  outcome: string;
  isLive: boolean;
  onOutcome: (outcome: string) => void;
  /** Only the calls of this server, by id. */
  server?: string;
  /** What narrows it by words. */
  filter: ReactNode;
  /** What stops and resumes it. */
  live?: ReactNode;
}

/** Calls as they come, with their filter by outcome. */
export function CallList({ sought, outcome, isLive, onOutcome, server, filter, live }: CallListProps) {
  const t = useTranslations("activity");
  const format = useFormatter();
  const ref = useProjectRef();
  const nameOf = useNames(ref);
  const [shown, setShown] = useState<Call>();
  const calls = useInfiniteQuery(activityQuery(ref, { type: "call", search: sought, outcome, isLive, server }));
  const rows: Call[] = calls.data?.pages.flatMap((page) => page.items).filter((item) => item.type === "call") ?? [];
  const columns: Column<Call>[] = [
    { id: "at", header: t("when"), cell: (call) => <RelativeTime at={call.at} className="text-muted-foreground" />, sort: (call) => call.at, className: "w-32 max-sm:hidden" },
    {
      id: "target",
      header: t("what"),
      sort: (call) => `${call.server} ${call.target}`,
      className: "max-sm:w-full max-sm:max-w-0",
      cell: (call) => (
        <>
          <span className="block max-w-80 truncate font-mono text-xs" title={`${call.server} ${call.target}`}>
            {call.server !== "" && <span className="text-muted-foreground">{call.server} · </span>}
            {call.target}
          </span>
          <RelativeTime at={call.at} className="text-xs text-muted-foreground sm:hidden" />
        </>
      ),
    },
    { id: "kind", header: t("kind"), cell: (call) => t(`kinds.${call.kind as "tool"}`), className: "max-lg:hidden" },
    { id: "user", header: t("who"), sort: (call) => nameOf(call.user_id) ?? "", cell: (call) => <span className="block max-w-40 truncate">{nameOf(call.user_id) ?? t("formerMember")}</span>, className: "max-md:hidden" },
    { id: "client", header: t("client"), sort: (call) => call.client, cell: (call) => <span className="block max-w-40 truncate text-muted-foreground">{call.client}</span>, className: "max-lg:hidden" },
    { id: "outcome", header: t("outcome"), sort: (call) => call.outcome, cell: (call) => <Badge tone={TONES[call.outcome as Outcome]}>{t(`outcomes.${call.outcome as Outcome}`)}</Badge> },
    { id: "duration", header: t("duration"), align: "right", sort: (call) => call.duration_ms, cell: (call) => `${format.number(call.duration_ms, { maximumFractionDigits: call.duration_ms < 10 ? 1 : 0 })} ms`, className: "max-sm:hidden" },
  ];
  const isKept = (call: Call) => call.arguments !== null || call.arguments_digest !== null;
  if (rows.some(isKept)) {
    columns.push({
      id: "arguments",
      header: t("arguments"),
      hideHeader: true,
      align: "right",
      className: "w-0",
      cell: (call) =>
        isKept(call) && (
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label={t("argumentsOf", { name: call.target })}
            title={t("arguments")}
            onClick={() => {
              setShown(call);
            }}
          >
            <BracesIcon />
          </Button>
        ),
    });
  }
  const save = () => {
    const head = ["at", "server", "kind", "target", "user", "client", "outcome", "duration_ms", "arguments_digest", "arguments"];
    const body = rows.map((call) => [call.at, call.server, call.kind, call.target, nameOf(call.user_id) ?? call.user_id, call.client, call.outcome, call.duration_ms, call.arguments_digest ?? "", call.arguments ?? ""]);
    downloadText("calls.csv", csv([head, ...body]), "text/csv");
  };
  return (
    <>
      <ListBar
        end={
          <>
            {live}
            <Button size="sm" disabled={rows.length === 0} onClick={save}>
              <DownloadIcon aria-hidden /> {t("export")}
            </Button>
          </>
        }
      >
        {filter}
        <Select
          aria-label={t("outcome")}
          className="max-w-44"
          value={outcome}
          onChange={(event) => {
            onOutcome(event.target.value);
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
        {rows.length > 0 && <span className="text-sm text-muted-foreground tabular">{t("count", { count: rows.length })}</span>}
      </ListBar>
      {calls.isPending ? (
        <ListSkeleton rows={10} />
      ) : calls.isError ? (
        <ErrorPanel error={calls.error} onRetry={() => void calls.refetch()} />
      ) : rows.length === 0 && sought === "" && outcome === "" ? (
        <EmptyState
          icon={ActivityIcon}
          heading={t("noCalls")}
          description={t("noCallsHint")}
          className="rounded-lg border border-dashed border-border"
          actions={
            <Button asChild>
              <Link href={paths.keys(ref)}>{t("makeKey")}</Link>
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
      <CallArgumentsDialog
        open={shown !== undefined}
        call={shown}
        onClose={() => {
          setShown(undefined);
        }}
      />
    </>
  );
}
