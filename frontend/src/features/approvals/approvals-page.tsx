"use client";

import { useQuery } from "@tanstack/react-query";
import { InboxIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { NotForRole } from "@/components/not-for-role";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import { type Approval, approvalsQuery } from "@/lib/data/approvals";
import { useNames } from "@/lib/data/members";
import { useAccess } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { PendingApproval } from "./pending-approval";

const TONES: Record<Approval["state"], Tone> = { pending: "info", approved: "success", denied: "danger", expired: "warning", cancelled: "neutral" };

/** Calls that wait until an admin agrees, and what was decided lately. */
export function ApprovalsPage() {
  const t = useTranslations("approvals");
  const ref = useProjectRef();
  const reason = useRoleReason("call");
  const approvals = useQuery({ ...approvalsQuery(ref), enabled: reason === undefined });
  return (
    <>
      <PageHeader title={t("title")} description={t("description")} />
      {reason !== undefined ? (
        <Card>
          <NotForRole reason={reason} />
        </Card>
      ) : approvals.isPending ? (
        <ListSkeleton rows={3} />
      ) : approvals.isLoadingError ? (
        <ErrorPanel error={approvals.error} onRetry={() => void approvals.refetch()} />
      ) : (
        <Approvals approvals={approvals.data} />
      )}
    </>
  );
}

function Approvals({ approvals }: { approvals: Approval[] }) {
  const t = useTranslations("approvals");
  const ref = useProjectRef();
  const { may } = useAccess();
  const nameOf = useNames(ref);
  const pending = approvals.filter(({ state }) => state === "pending");
  const decided = approvals.filter(({ state }) => state !== "pending");
  return (
    <div className="grid gap-5">
      {pending.length === 0 ? (
        <Card>
          <EmptyState
            icon={InboxIcon}
            heading={t("nothing")}
            description={t("nothingHint")}
            actions={
              may("inspect") && (
                <Button asChild>
                  <Link href={paths.projectSettings(ref)}>{t("toRules")}</Link>
                </Button>
              )
            }
          />
        </Card>
      ) : (
        <ul className="grid gap-4" aria-label={t("waiting")}>
          {pending.map((approval) => (
            <li key={approval.id}>
              <PendingApproval approval={approval} name={nameOf(approval.user_id)} />
            </li>
          ))}
        </ul>
      )}
      {decided.length > 0 && (
        <Card>
          <CardHeader heading={t("decided")} />
          <ul className="divide-y divide-border">
            {decided.map((approval) => (
              <li key={approval.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm">
                <Badge tone={TONES[approval.state]}>{t(`state.${approval.state}`)}</Badge>
                <span className="min-w-0 font-mono text-xs [overflow-wrap:anywhere]">
                  {approval.server} · {approval.target}
                </span>
                <span className="text-muted-foreground">{nameOf(approval.user_id) ?? approval.client}</span>
                {approval.decided_by !== null && <span className="text-muted-foreground">{t("by", { name: nameOf(approval.decided_by) ?? t("somebody") })}</span>}
                <RelativeTime at={approval.decided_at ?? approval.asked_at} className="ml-auto text-xs text-muted-foreground" />
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}
