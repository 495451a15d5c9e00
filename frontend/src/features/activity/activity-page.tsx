"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { AuditTrail } from "@/components/audit-trail";
import { CallList } from "@/components/call-list";
import { NotForRole } from "@/components/not-for-role";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { Switch } from "@/components/ui/switch";
import { useRoleReason } from "@/components/use-role-reason";
import { membersQuery } from "@/lib/data/members";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

const VIEWS = ["calls", "changes"] as const;

/** What happened in the project: calls of clients, and changes by people. */
export function ActivityPage() {
  const t = useTranslations("activity");
  const router = useRouter();
  const ref = useProjectRef();
  const asked = useSearchParams().get("view");
  const view = VIEWS.find((known) => known === asked) ?? "calls";
  const reason = useRoleReason(view === "calls" ? "call" : "inspect");
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
              // Each has filters of its own.
              router.replace(`${paths.activity(ref)}?view=${next}`, { scroll: false });
            }}
          />
        }
      />
      {reason !== undefined ? <NotForRole reason={reason} /> : view === "calls" ? <Calls /> : <Changes />}
    </>
  );
}

/** What clients called. */
function Calls() {
  const t = useTranslations("activity");
  const [isLive, setLive] = useState(true);
  return (
    <CallList
      search={t("filter")}
      isLive={isLive}
      live={
        <label className="flex items-center gap-2 text-sm">
          <Switch checked={isLive} onCheckedChange={setLive} />
          {t("live")}
        </label>
      }
    />
  );
}

/** What people changed. */
function Changes() {
  const ref = useProjectRef();
  const people = (useQuery(membersQuery(ref)).data ?? []).map((member) => ({ id: member.user_id, name: member.email }));
  return <AuditTrail project={ref} people={people} />;
}
