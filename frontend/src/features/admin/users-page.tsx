"use client";

import { useQuery } from "@tanstack/react-query";
import { MailIcon, UserPlusIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { SearchInput } from "@/components/address-input";
import { ErrorPanel } from "@/components/error-panel";
import { InstanceAdminsOnly } from "@/components/instance-admins-only";
import { InvitationsCard } from "@/components/invitations-card";
import { lazyDialog } from "@/components/lazy-dialog";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { Button } from "@/components/ui/button";
import { useSearchParam } from "@/lib/search-param";

import { useInviteToInstance, useRenewAnyInvitation, useRevokeAnyInvitation } from "./mutations";
import { instanceInvitationsQuery, usersQuery } from "./queries";
import { UserTable } from "./user-table";

const InviteDialog = lazyDialog(() => import("@/components/invite-dialog").then((module) => module.InviteDialog<"instance">));
const CreateUserDialog = lazyDialog(() => import("./create-user-dialog").then((module) => module.CreateUserDialog));

export function UsersPage() {
  return (
    <InstanceAdminsOnly>
      <Users />
    </InstanceAdminsOnly>
  );
}

function Users() {
  const t = useTranslations("admin");
  const users = useQuery(usersQuery());
  const [isCreating, setCreating] = useState(false);
  const [isInviting, setInviting] = useState(false);
  const [sought, seek] = useSearchParam("q");
  return (
    <>
      <PageHeader
        title={t("users")}
        description={t("usersDescription")}
        actions={
          <>
            <Button
              onClick={() => {
                setInviting(true);
              }}
            >
              <MailIcon aria-hidden /> {t("invite")}
            </Button>
            <Button
              variant="primary"
              onClick={() => {
                setCreating(true);
              }}
            >
              <UserPlusIcon aria-hidden /> {t("createUser")}
            </Button>
          </>
        }
      />
      {users.isPending ? (
        <ListSkeleton />
      ) : users.isLoadingError ? (
        <ErrorPanel error={users.error} onRetry={() => void users.refetch()} />
      ) : (
        <>
          <SearchInput label={t("findUser")} className="mb-3 max-w-72" value={sought} onText={seek} />
          <UserTable users={users.data.filter((user) => `${user.name} ${user.email}`.toLowerCase().includes(sought.toLowerCase()))} />
        </>
      )}
      <Invitations />
      <InviteDialog to="instance" invite={useInviteToInstance()} open={isInviting} onOpenChange={setInviting} />
      <CreateUserDialog open={isCreating} onOpenChange={setCreating} />
    </>
  );
}

/** All of the instance: an account comes of those to projects and teams as well. */
function Invitations() {
  const invitations = useQuery(instanceInvitationsQuery());
  return (
    <div className="mt-5">
      <InvitationsCard hasPlaces invitations={invitations} renew={useRenewAnyInvitation()} revoke={useRevokeAnyInvitation()} />
    </div>
  );
}
