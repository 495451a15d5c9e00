"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { CallList } from "@/components/call-list";
import { EmptyState } from "@/components/empty-state";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { Input } from "@/components/ui/input";
import { Switch } from "@/components/ui/switch";
import { useRoleReason } from "@/components/use-role-reason";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { LockIcon } from "lucide-react";

import { AuditList } from "./audit-list";

const VIEWS = ["calls", "changes"] as const;

/** What happened in the project: calls of clients, and changes by people. */
export function ActivityPage() {
  const t = useTranslations("activity");
  const router = useRouter();
  const ref = useProjectRef();
  const query = useSearchParams();
  const asked = query.get("view");
  const view = VIEWS.find((known) => known === asked) ?? "calls";
  const sought = query.get("q") ?? "";
  const outcome = query.get("outcome") ?? "";
  const [isLive, setLive] = useState(true);
  const reason = useRoleReason(view === "calls" ? "call" : "inspect");
  const go = (next: Record<string, string>) => {
    const search = new URLSearchParams({ view, q: sought, outcome, ...next });
    for (const [name, value] of [...search]) if (value === "") search.delete(name);
    router.replace(`${paths.activity(ref)}?${search}`, { scroll: false });
  };
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t(view === "calls" ? "callsDescription" : "changesDescription")}
        actions={
          <Segmented
            label={t("views")}
            value={view}
            options={VIEWS.map((other) => ({ value: other, label: t(`view.${other}`) }))}
            onChange={(next) => {
              go({ view: next, q: "", outcome: "" });
            }}
          />
        }
      />
      {reason !== undefined ? (
        <EmptyState icon={LockIcon} heading={t("notForRole")} description={reason} />
      ) : (
        <>
          <div className="mb-4 flex flex-wrap items-center gap-3">
            <Input
              type="search"
              aria-label={t("filter")}
              placeholder={t("filter")}
              className="max-w-72"
              defaultValue={sought}
              onChange={(event) => {
                go({ q: event.target.value });
              }}
            />
            <label className="ml-auto flex items-center gap-2 text-sm">
              <Switch checked={isLive} onCheckedChange={setLive} />
              {t("live")}
            </label>
          </div>
          {view === "calls" ? (
            <CallList
              sought={sought}
              outcome={outcome}
              isLive={isLive}
              onOutcome={(next) => {
                go({ outcome: next });
              }}
            />
          ) : (
            <AuditList sought={sought} isLive={isLive} />
          )}
        </>
      )}
    </>
  );
}
