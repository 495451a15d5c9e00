"use client";

import { useInfiniteQuery } from "@tanstack/react-query";
import { ScrollTextIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { csv } from "@/lib/csv";
import { auditQuery, NOUNS } from "@/lib/data/audit";
import { areReversed } from "@/lib/days";
import { downloadText } from "@/lib/download";
import type { ProjectRef } from "@/lib/paths";
import { useSearchFilter } from "@/lib/search-param";

import { SearchInput } from "./address-input";
import { AuditRows } from "./audit-rows";
import { EmptyState } from "./empty-state";
import { ErrorPanel } from "./error-panel";
import { Choice, FilterBar, type Option, PersonChoice, WrongDays } from "./filter-bar";
import { ListSkeleton } from "./list-skeleton";
import { LoadMore } from "./load-more";
import { Card } from "./ui/card";

/** What each part of the filter is called in the address. */
const NAMES = { search: "q", user: "user", action: "about", from: "from", until: "until", project: "project" } as const;

interface AuditTrailProps {
  /** The trail of one project; of the instance with all of them without it. */
  project?: ProjectRef;
  people: Option[];
  /** On the instance's trail: those that are there; undefined until it is known. */
  projects?: Option[];
}

/** The audit trail, the newest first, and what narrows it. The filters stand in the address. */
export function AuditTrail({ project, people, projects }: AuditTrailProps) {
  const t = useTranslations("audit");
  const { filter, narrow, clear } = useSearchFilter(NAMES);
  const [isLive, setLive] = useState(true);
  const isWrong = areReversed(filter);
  const entries = useInfiniteQuery({ ...auditQuery(project, filter, isLive), enabled: !isWrong });
  const rows = entries.data?.pages.flatMap((page) => page.items) ?? [];
  const save = () => {
    const head = ["at", "action", "target", "name", "detail", "user", "via", "project_id"];
    const body = rows.map((entry) => [entry.at, entry.action, entry.target.kind, entry.target.name, entry.detail, entry.user_email ?? entry.user_id, entry.via, entry.project_id]);
    downloadText("audit.csv", csv([head, ...body]), "text/csv");
  };
  return (
    <>
      <FilterBar
        days={filter}
        onDays={narrow}
        onClear={clear}
        count={rows.length}
        hasMore={entries.hasNextPage}
        isLive={isLive}
        onLive={setLive}
        onSave={rows.length === 0 || entries.isPlaceholderData ? undefined : save}
      >
        <SearchInput label={t("find")} className="sm:max-w-56" maxLength={100} value={filter.search} onText={(search) => { narrow({ search }); }} />
        <Choice label={t("nouns")} every={t("everyNoun")} value={filter.action} options={NOUNS.map((noun) => ({ id: noun, name: t(`noun.${noun}`) }))} onChoose={(action) => { narrow({ action }); }} />
        <PersonChoice value={filter.user} options={people} onChoose={(user) => { narrow({ user }); }} />
        {project === undefined && <Choice label={t("projects")} every={t("everyProject")} value={filter.project} options={projects ?? []} onChoose={(id) => { narrow({ project: id }); }} />}
      </FilterBar>
      {isWrong ? (
        <WrongDays />
      ) : entries.isPending ? (
        <ListSkeleton rows={10} />
      ) : entries.isLoadingError ? (
        <ErrorPanel error={entries.error} onRetry={() => void entries.refetch()} />
      ) : rows.length === 0 ? (
        <EmptyState icon={ScrollTextIcon} heading={t(clear === undefined ? "noEntries" : "noMatch")} description={clear === undefined ? t("noEntriesHint") : undefined} className="rounded-lg border border-dashed border-border" />
      ) : (
        <Card>
          <AuditRows entries={rows} projectOf={projects === undefined ? undefined : (id) => projects.find((one) => one.id === id)?.name} />
          <LoadMore {...entries} />
        </Card>
      )}
    </>
  );
}
