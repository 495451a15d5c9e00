"use client";

import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "use-intl";

import { AuditTrail } from "@/components/audit-trail";
import { CallList } from "@/components/call-list";
import { NotForRole } from "@/components/not-for-role";
import { PageHeader } from "@/components/page-header";
import { SeenChanges } from "@/components/seen-changes";
import { Segmented } from "@/components/segmented";
import { Card } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { membersQuery } from "@/lib/data/members";
import { useAccess } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

const VIEWS = ["calls", "changes"] as const;
const PAGE = 100;

/** What happened in the project: calls of clients, and changes by people. */
export function ActivityPage() {
  const t = useTranslations("activity");
  const router = useRouter();
  const ref = useProjectRef();
  const asked = useSearchParams().get("view");
  const { may } = useAccess();
  const view = VIEWS.find((known) => known === asked) ?? (may("call") ? "calls" : "changes");
  const reason = useRoleReason("call");
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t(view === "calls" ? "callsDescription" : may("inspect") ? "changesDescription" : "seenDescription")}
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
      {view === "changes" ? <Changes /> : reason === undefined ? <CallList search={t("filter")} /> : <NotForRole reason={reason} />}
    </>
  );
}

/** What people changed, as far as the user may see it. */
function Changes() {
  const ref = useProjectRef();
  if (useAccess().may("inspect")) return <Trail />;
  return (
    <Card>
      <SeenChanges project={ref} limit={PAGE} more />
    </Card>
  );
}

function Trail() {
  const ref = useProjectRef();
  const people = (useQuery(membersQuery(ref)).data ?? []).map((member) => ({ id: member.user_id, name: member.email }));
  return <AuditTrail project={ref} people={people} />;
}
