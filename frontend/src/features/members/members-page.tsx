"use client";

import { useQuery } from "@tanstack/react-query";
import { UserPlusIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { GuardedButton } from "@/components/guarded-button";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { useRoleReason } from "@/components/use-role-reason";
import { membersQuery } from "@/lib/data/members";
import { useProjectRef } from "@/lib/route";

import { AddMemberDialog } from "./add-member-dialog";
import { MemberTable } from "./member-table";

/** Who may do what in the project. */
export function MembersPage() {
  const t = useTranslations("members");
  const ref = useProjectRef();
  const reason = useRoleReason("manageProject");
  const members = useQuery(membersQuery(ref));
  const [isAdding, setAdding] = useState(false);
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
              setAdding(true);
            }}
          >
            <UserPlusIcon aria-hidden /> {t("add")}
          </GuardedButton>
        }
      />
      {members.isPending ? (
        <ListSkeleton />
      ) : members.isError ? (
        <ErrorPanel error={members.error} onRetry={() => void members.refetch()} />
      ) : (
        <MemberTable members={members.data} reason={reason} />
      )}
      <AddMemberDialog open={isAdding} onOpenChange={setAdding} />
    </>
  );
}
