"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { AuditTrail } from "@/components/audit-trail";
import { CallList } from "@/components/call-list";
import { EmptyState } from "@/components/empty-state";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { Input } from "@/components/ui/input";
import { Switch } from "@/components/ui/switch";
import { useRoleReason } from "@/components/use-role-reason";
import { membersQuery } from "@/lib/data/members";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { LockIcon } from "lucide-react";

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
  const filter = (
    <Input
      key={view}
      type="search"
      aria-label={t("filter")}
      placeholder={t("filter")}
      className="sm:max-w-64"
      defaultValue={sought}
      onChange={(event) => {
        go({ q: event.target.value });
      }}
    />
  );
  const live = (
    <label className="flex items-center gap-2 text-sm">
      <Switch checked={isLive} onCheckedChange={setLive} />
      {t("live")}
    </label>
  );
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
      ) : view === "calls" ? (
        <CallList
          sought={sought}
          outcome={outcome}
          isLive={isLive}
          onOutcome={(next) => {
            go({ outcome: next });
          }}
          filter={filter}
          live={live}
        />
      ) : (
        <Changes />
      )}
    </>
  );
}

/** What people changed. */
function Changes() {
  const ref = useProjectRef();
  const people = (useQuery(membersQuery(ref)).data ?? []).map((member) => ({ id: member.user_id, name: member.email }));
  return <AuditTrail project={ref} people={people} />;
}
