"use client";

import { useQuery } from "@tanstack/react-query";
import { UserPlusIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { GuardedButton } from "@/components/guarded-button";
import { InvitationsCard } from "@/components/invitations-card";
import { lazyDialog } from "@/components/lazy-dialog";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { useRoleReason } from "@/components/use-role-reason";
import { membersQuery } from "@/lib/data/members";
import { useProjectRef } from "@/lib/route";

import { MemberTable } from "./member-table";
import { useInvite, useRenewInvitation, useRevokeInvitation } from "./mutations";
import { projectInvitationsQuery } from "./queries";
import { TeamsCard } from "./teams-card";

const InviteDialog = lazyDialog(() => import("@/components/invite-dialog").then((module) => module.InviteDialog<"project">));

/** Who may do what in the project: people, teams, and who was invited. */
export function MembersPage() {
  const t = useTranslations("members");
  const ref = useProjectRef();
  const reason = useRoleReason("manageProject");
  const members = useQuery(membersQuery(ref));
  const [isInviting, setInviting] = useState(false);
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("description")}
        actions={
          <GuardedButton
            reason={reason}
            variant="primary"
            onClick={() => {
              setInviting(true);
            }}
          >
            <UserPlusIcon aria-hidden /> {t("invite")}
          </GuardedButton>
        }
      />
      <div className="grid gap-5">
        {members.isPending ? (
          <ListSkeleton />
        ) : members.isLoadingError ? (
          <ErrorPanel error={members.error} onRetry={() => void members.refetch()} />
        ) : (
          <MemberTable members={members.data} reason={reason} />
        )}
        <TeamsCard reason={reason} />
        {reason === undefined && <Invitations />}
      </div>
      <InviteDialog to="project" invite={useInvite(ref)} open={isInviting} onOpenChange={setInviting} />
    </>
  );
}

function Invitations() {
  const ref = useProjectRef();
  const invitations = useQuery(projectInvitationsQuery(ref));
  return <InvitationsCard invitations={invitations} renew={useRenewInvitation(ref)} revoke={useRevokeInvitation(ref)} />;
}
