"use client";

import { useQuery } from "@tanstack/react-query";
import { DownloadIcon, LockIcon, PauseIcon, PlayIcon, ScrollTextIcon } from "lucide-react";
import { useLayoutEffect, useRef, useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { Input, Select } from "@/components/ui/input";
import { useRoleReason } from "@/components/use-role-reason";
import { cn } from "@/lib/cn";
import { downloadText } from "@/lib/download";
import { useServerRef } from "@/lib/route";

import { type LogLine, logsQuery } from "./queries";

const SOURCES = ["stderr", "protocol", "daemon"] as const;

const TONES: Record<string, string> = { stderr: "text-foreground", protocol: "text-brand", daemon: "text-muted-foreground" };

/** What the server prints and says, live. */
export function LogsPage() {
  const t = useTranslations("logs");
  const reason = useRoleReason("inspect");
  return (
    <>
      <PageHeader title={t("title")} description={t("description")} />
      {reason === undefined ? <Logs /> : <EmptyState icon={LockIcon} heading={t("notForRole")} description={reason} />}
    </>
  );
}

function Logs() {
  const t = useTranslations("logs");
  const ref = useServerRef();
  const [isLive, setLive] = useState(true);
  const [sought, setSought] = useState("");
  const [source, setSource] = useState("");
  const logs = useQuery(logsQuery(ref, { isLive }));
  if (logs.isPending) return <ListSkeleton rows={12} />;
  if (logs.isError) return <ErrorPanel error={logs.error} onRetry={() => void logs.refetch()} />;
  const words = sought.toLowerCase();
  const shown = logs.data.filter((line) => (source === "" || line.source === source) && line.text.toLowerCase().includes(words));
  return (
    <>
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Input
          type="search"
          aria-label={t("search")}
          placeholder={t("search")}
          className="max-w-72"
          value={sought}
          onChange={(event) => {
            setSought(event.target.value);
          }}
        />
        <Select
          aria-label={t("source")}
          className="max-w-44"
          value={source}
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
        <div className="ml-auto flex gap-2">
          <Button
            aria-pressed={!isLive}
            onClick={() => {
              setLive(!isLive);
            }}
          >
            {isLive ? <PauseIcon aria-hidden /> : <PlayIcon aria-hidden />}
            {isLive ? t("pause") : t("resume")}
          </Button>
          <Button
            onClick={() => {
              downloadText(`${ref.server}.log`, shown.map((line) => `${line.at} ${line.source} ${line.text}\n`).join(""), "text/plain");
            }}
          >
            <DownloadIcon aria-hidden /> {t("download")}
          </Button>
        </div>
      </div>
      {logs.data.length === 0 ? (
        <EmptyState icon={ScrollTextIcon} heading={t("nothing")} description={t("nothingHint")} />
      ) : shown.length === 0 ? (
        <p className="py-10 text-center text-sm text-muted-foreground">{t("noMatch")}</p>
      ) : (
        <Lines lines={shown} isLive={isLive} />
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
        <div key={line.seq} className="flex gap-3 px-3 [contain-intrinsic-size:auto_1.25rem] [content-visibility:auto] hover:bg-accent">
          <time dateTime={line.at} title={line.at} className="shrink-0 text-muted-foreground select-none max-sm:hidden">
            {format.dateTime(new Date(line.at), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" })}
          </time>
          <span className={cn("min-w-0 [overflow-wrap:anywhere] whitespace-pre-wrap", TONES[line.source])}>{line.text}</span>
        </div>
      ))}
    </div>
  );
}
