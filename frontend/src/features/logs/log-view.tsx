"use client";

import { useMutation, useQuery } from "@tanstack/react-query";
import { DownloadIcon, PauseIcon, PlayIcon, ScrollTextIcon } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { SearchInput } from "@/components/address-input";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { ListSkeleton } from "@/components/list-skeleton";
import { Button } from "@/components/ui/button";
import { Select } from "@/components/ui/input";
import type { LogLine } from "@/lib/api/log-stream";
import { cn } from "@/lib/cn";
import { downloadText } from "@/lib/download";
import { useServerRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";
import { toast } from "@/lib/toasts";

import { merged } from "./lines";
import { logsQuery, readWholeLog, SOURCES } from "./queries";
import { useFreshLines } from "./use-fresh-lines";

const TONES: Record<string, string> = { stderr: "text-foreground", protocol: "text-brand", daemon: "text-muted-foreground" };

/** The log as it is written. The search goes through all that is kept, not only what is on the page. */
export function LogView() {
  const t = useTranslations("logs");
  const errorText = useErrorText();
  const ref = useServerRef();
  const [search, setSearch] = useSearchParam("q");
  const [source, setSource] = useSearchParam("source");
  const filter = { search, source };
  const [pausedAt, setPausedAt] = useState<number>();
  const all = useQuery(logsQuery(ref, { search: "", source: "" }));
  const logs = useQuery(logsQuery(ref, filter));
  const fresh = useFreshLines(ref, all.data === undefined ? undefined : (all.data[all.data.length - 1]?.seq ?? 0));
  const download = useMutation({
    mutationFn: () => readWholeLog(ref),
    onSuccess: (text) => {
      downloadText(`${ref.server}.log`, text, "text/plain");
    },
    onError: (cause) => {
      toast.error(errorText(cause));
    },
  });
  if (logs.isPending || all.isPending) return <ListSkeleton rows={12} />;
  if (logs.isLoadingError) return <ErrorPanel error={logs.error} onRetry={() => void logs.refetch()} />;
  const lines = merged(logs.data, fresh, filter);
  const shown = pausedAt === undefined ? lines : lines.filter(({ seq }) => seq <= pausedAt);
  const isFiltered = filter.search !== "" || filter.source !== "";
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <SearchInput label={t("search")} className="sm:max-w-72" value={search} onText={setSearch} />
        <Select
          aria-label={t("source")}
          className="sm:max-w-44"
          value={filter.source}
          onChange={(event) => {
            setSource(event.target.value);
          }}
        >
          <option value="">{t("everySource")}</option>
          {SOURCES.map((other) => (
            <option key={other} value={other}>
              {t(`sources.${other}`)}
            </option>
          ))}
        </Select>
        <div className="flex gap-2 sm:ml-auto">
          <Button
            aria-pressed={pausedAt !== undefined}
            onClick={() => {
              setPausedAt(pausedAt === undefined ? (lines[lines.length - 1]?.seq ?? 0) : undefined);
            }}
          >
            {pausedAt === undefined ? <PauseIcon aria-hidden /> : <PlayIcon aria-hidden />}
            {pausedAt === undefined ? t("pause") : t("resume", { count: lines.length - shown.length })}
          </Button>
          <Button
            disabled={download.isPending}
            onClick={() => {
              download.mutate();
            }}
          >
            <DownloadIcon aria-hidden /> {t("download")}
          </Button>
        </div>
      </div>
      {shown.length > 0 ? (
        <Lines lines={shown} isLive={pausedAt === undefined} />
      ) : isFiltered ? (
        <p className="py-10 text-center text-sm text-muted-foreground">{t("noMatch")}</p>
      ) : (
        <EmptyState icon={ScrollTextIcon} heading={t("nothing")} description={t("nothingHint")} />
      )}
    </>
  );
}

/** Stays at the end while it is there; whoever scrolls up reads in peace. */
function Lines({ lines, isLive }: { lines: LogLine[]; isLive: boolean }) {
  const t = useTranslations("logs");
  const format = useFormatter();
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const last = lines[lines.length - 1]?.seq;
  useLayoutEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [last]);
  return (
    <div
      ref={box}
      role="log"
      aria-label={t("title")}
      aria-live={isLive ? "polite" : "off"}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
      }}
      className="thin-scrollbar h-[calc(100dvh-17rem)] min-h-64 overflow-auto rounded-lg border border-border bg-muted py-2 font-mono text-xs leading-relaxed"
    >
      {lines.map((line) => (
        <div key={line.seq} className="row-in-sight flex gap-x-3 px-3 hover:bg-accent max-sm:flex-col max-sm:py-0.5">
          <time
            dateTime={line.at}
            title={format.dateTime(new Date(line.at), { dateStyle: "medium", timeStyle: "long" })}
            className="shrink-0 text-muted-foreground select-none"
          >
            {format.dateTime(new Date(line.at), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })}
          </time>
          <span className={cn("min-w-0 [overflow-wrap:anywhere] whitespace-pre-wrap", TONES[line.source])}>{line.text}</span>
        </div>
      ))}
    </div>
  );
}
