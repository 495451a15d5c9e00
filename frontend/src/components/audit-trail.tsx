"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { DownloadIcon, ScrollTextIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { csv } from "@/lib/csv";
import { type AuditFilter, auditQuery, NO_FILTER, NOUNS } from "@/lib/data/audit";
import { downloadText } from "@/lib/download";
import type { ProjectRef } from "@/lib/paths";
import { useSearchParam } from "@/lib/search-param";

import { AddressInput, SearchInput } from "./address-input";
import { AuditRows } from "./audit-rows";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { ListBar } from "./list-bar";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";
import { Button } from "./ui/button";
import { Card } from "./ui/card";
import { Select } from "./ui/input";
import { Switch } from "./ui/switch";

interface Named {
  id: string;
  name: string;
}

interface AuditTrailProps {
  /** The trail of one project; of the instance with all of them without it. */
  project?: ProjectRef;
  people: Named[];
  /** On the instance's trail: those that are there; undefined until it is known. */
  projects?: Named[];
}

/** The audit trail, the newest first, and what narrows it. The filters stand in the address. */
export function AuditTrail({ project, people, projects }: AuditTrailProps) {
  const t = useTranslations("audit");
  const [filter, change] = useFilter();
  const [isLive, setLive] = useState(true);
  const isWrong = filter.from !== "" && filter.until !== "" && filter.from > filter.until;
  const entries = useInfiniteQuery({ ...auditQuery(project, filter, isLive), enabled: !isWrong });
  const rows = entries.data?.pages.flatMap((page) => page.items) ?? [];
  const isNarrowed = Object.values(filter).some((value) => value !== "");
  const save = () => {
    const head = ["at", "action", "target", "name", "detail", "user", "via", "project_id"];
    const body = rows.map((entry) => [entry.at, entry.action, entry.target.kind, entry.target.name, entry.detail, entry.user_email ?? entry.user_id, entry.via, entry.project_id]);
    downloadText("audit.csv", csv([head, ...body]), "text/csv");
  };
  return (
    <>
      <ListBar
        end={
          <>
            <label className="flex items-center gap-2 text-sm">
              <Switch checked={isLive} onCheckedChange={setLive} />
              {t("live")}
            </label>
            <Button size="sm" disabled={rows.length === 0 || entries.isPlaceholderData} onClick={save}>
              <DownloadIcon aria-hidden /> {t("export")}
            </Button>
          </>
        }
      >
        <SearchInput label={t("find")} className="sm:max-w-56" maxLength={100} value={filter.search} onText={(text) => { change("search", text); }} />
        <Choice label={t("nouns")} every={t("everyNoun")} value={filter.action} options={NOUNS.map((noun) => ({ id: noun, name: t(`noun.${noun}`) }))} onChoose={(noun) => { change("action", noun); }} />
        <Choice label={t("people")} every={t("everybody")} value={filter.user} options={people} onChoose={(user) => { change("user", user); }} />
        {project === undefined && <Choice label={t("projects")} every={t("everyProject")} value={filter.project} options={projects ?? []} onChoose={(id) => { change("project", id); }} />}
        <Day label={t("from")} value={filter.from} onChoose={(day) => { change("from", day); }} />
        <Day label={t("until")} value={filter.until} onChoose={(day) => { change("until", day); }} />
        {isNarrowed && (
          <Button
            size="sm"
            variant="ghost"
            onClick={() => {
              for (const name of Object.keys(NO_FILTER) as (keyof AuditFilter)[]) change(name, "");
            }}
          >
            {t("clear")}
          </Button>
        )}
        {rows.length > 0 && !isWrong && <span className="text-sm text-muted-foreground tabular">{t(entries.hasNextPage ? "countOfMore" : "count", { count: rows.length })}</span>}
      </ListBar>
      {isWrong ? (
        <p role="alert" className="px-4 py-10 text-center text-sm text-muted-foreground">{t("wrongOrder")}</p>
      ) : entries.isPending ? (
        <ListSkeleton rows={10} />
      ) : entries.isLoadingError ? (
        <ErrorPanel error={entries.error} onRetry={() => void entries.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState icon={ScrollTextIcon} heading={t(isNarrowed ? "noMatch" : "noEntries")} description={isNarrowed ? undefined : t("noEntriesHint")} className="rounded-lg border border-dashed border-border" />
      ) : (
        <Card>
          <AuditRows entries={rows} projectOf={projects === undefined ? undefined : (id) => projects.find((one) => one.id === id)?.name} />
          <LoadMore {...entries} />
        </Card>
      )}
    </>
  );
}

/** What the address says. */
function useFilter(): [AuditFilter, (name: keyof AuditFilter, value: string) => void] {
  const search = useSearchParam("q");
  const user = useSearchParam("user");
  const action = useSearchParam("about");
  const from = useSearchParam("from");
  const until = useSearchParam("until");
  const project = useSearchParam("project");
  const all = { search, user, action, from, until, project };
  const filter = { search: search[0], user: user[0], action: action[0], from: from[0], until: until[0], project: project[0] };
  return [
    filter,
    (name, value) => {
      all[name][1](value);
    },
  ];
}

interface ChoiceProps {
  label: string;
  /** No choice. */
  every: string;
  value: string;
  options: Named[];
  onChoose: (id: string) => void;
}

function Choice({ label, every, value, options, onChoose }: ChoiceProps) {
  return (
    <Select
      aria-label={label}
      className="max-w-44"
      value={value}
      onChange={(event) => {
        onChoose(event.target.value);
      }}
    >
      <option value="">{every}</option>
      {/* What a link names and the list does not have, such as a project that is gone. */}
      {value !== "" && !options.some((option) => option.id === value) && <option value={value}>{value}</option>}
      {options.map((option) => (
        <option key={option.id} value={option.id}>
          {option.name}
        </option>
      ))}
    </Select>
  );
}

/** Whether its year is still being written: 0002 on the way to 2026. */
function isHalf(day: string): boolean {
  return day.startsWith("0");
}

function Day({ label, value, onChoose }: { label: string; value: string; onChoose: (day: string) => void }) {
  return (
    <label className="flex items-center gap-1.5 text-sm text-muted-foreground">
      {label}
      <AddressInput
        type="date"
        max="9999-12-31"
        className="w-36"
        value={value}
        onText={(day) => {
          if (!isHalf(day)) onChoose(day);
        }}
      />
    </label>
  );
}
