"use client";

import { LogOutIcon, UserMinusIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { type Column, DataTable } from "@/components/data-table";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { RelativeTime } from "@/components/relative-time";
import { Avatar } from "@/components/ui/avatar";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import { Select } from "@/components/ui/input";
import type { Role } from "@/lib/access";
import type { Member } from "@/lib/data/members";
import { useProject } from "@/lib/data/projects";
import { useMe } from "@/lib/data/session";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { useDeleteMember, useLeaveProject, useUpdateMember } from "./mutations";

const ROLES: Role[] = ["admin", "member", "viewer"];

export function MemberTable({ members, reason }: { members: Member[]; reason: string | undefined }) {
  const t = useTranslations("members");
  const common = useTranslations("common");
  const ref = useProjectRef();
  const me = useMe();
  const remove = useDeleteMember(ref);
  const [removed, setRemoved] = useState<Member>();
  const [isLeaving, setLeaving] = useState(false);
  const self = members.find((member) => member.user_id === me.id);
  const columns: Column<Member>[] = [
    {
      id: "name",
      header: t("person"),
      className: "w-full max-w-0",
      sort: (member) => member.name || member.email,
      cell: (member) => (
        <span className="flex min-w-0 items-center gap-2.5">
          <Avatar name={member.name || member.email} className="@max-md:hidden" />
          <span className="min-w-0">
            <span className="flex items-center gap-2 font-medium">
              <span className="truncate">{member.name || member.email}</span>
              {member.user_id === me.id && <Badge tone="brand">{t("you")}</Badge>}
              {!member.active && <Badge tone="warning">{t("deactivated")}</Badge>}
            </span>
            {member.name !== "" && <span className="block truncate text-xs text-muted-foreground">{member.email}</span>}
            {member.teams.length > 0 && <span className="block truncate text-xs text-muted-foreground">{t("throughTeams", { teams: member.teams.map(({ name }) => name).join(", ") })}</span>}
          </span>
        </span>
      ),
    },
    { id: "role", header: t("role"), sort: (member) => member.role, cell: (member) => <RoleSelect member={member} reason={reason} /> },
    { id: "since", header: t("since"), sort: (member) => member.created_at, cell: (member) => <RelativeTime at={member.created_at} className="text-muted-foreground" />, className: "@max-lg:hidden whitespace-nowrap" },
    {
      id: "actions",
      header: t("remove"),
      hideHeader: true,
      align: "right",
      className: "w-12",
      cell: (member) =>
        member.user_id === me.id ? (
          <GuardedButton
            reason={member.direct_role === null ? t("selfOnlyTeam") : undefined}
            variant="ghost"
            size="icon-sm"
            aria-label={t("leave")}
            onClick={() => {
              setLeaving(true);
            }}
          >
            <LogOutIcon />
          </GuardedButton>
        ) : (
          <GuardedButton
            reason={reason ?? (member.direct_role === null ? t("onlyTeam") : undefined)}
            variant="ghost"
            size="icon-sm"
            aria-label={t("removePerson", { name: member.name || member.email })}
            onClick={() => {
              setRemoved(member);
            }}
          >
            <UserMinusIcon />
          </GuardedButton>
        ),
    },
  ];
  return (
    <Card>
      <DataTable label={t("title")} columns={columns} rows={members} rowId={(member) => member.user_id} isMuted={(member) => !member.active} />
      {self !== undefined && <LeaveDialog self={self} open={isLeaving} onOpenChange={setLeaving} />}
      {removed !== undefined && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setRemoved(undefined);
          }}
          heading={t("removeHeading", { name: removed.name || removed.email })}
          description={t("removeDescription")}
          action={common("delete")}
          mutation={remove}
          variables={{ user: removed.user_id }}
          onDone={() => {
            toast.success(t("removed"));
          }}
        />
      )}
    </Card>
  );
}

function LeaveDialog({ self, open, onOpenChange }: { self: Member; open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("members");
  const router = useRouter();
  const { name } = useProject();
  const isAdmin = useMe().instance_admin;
  const stays = isAdmin || self.teams.length > 0;
  const leave = useLeaveProject(useProjectRef(), stays);
  const others = { teams: self.teams.map((team) => team.name).join(", ") };
  return (
    <ConfirmDialog
      open={open}
      onOpenChange={onOpenChange}
      heading={t("leaveHeading", { name })}
      description={isAdmin ? t("leaveAdmin") : stays ? t("leaveStays", others) : t("leaveDescription")}
      action={t("leave")}
      mutation={leave}
      variables={undefined}
      onDone={() => {
        if (stays) return;
        toast.success(t("left", { name }));
        router.replace(paths.projects());
      }}
    />
  );
}

function RoleSelect({ member, reason }: { member: Member; reason: string | undefined }) {
  const t = useTranslations("common");
  const text = useTranslations("members");
  const errorText = useErrorText();
  const put = useUpdateMember(useProjectRef());
  const role = put.isPending ? put.variables.role : member.role;
  if (reason !== undefined) return <span>{t(`role.${member.role}`)}</span>;
  return (
    <Select
      className="w-28 sm:w-36"
      aria-label={text("roleOf", { name: member.name || member.email })}
      value={role}
      onChange={(event) => {
        put.mutate(
          { user: member.user_id, role: event.target.value as Role },
          {
            onError: (error) => {
              toast.error(errorText(error));
            },
          },
        );
      }}
    >
      {ROLES.map((other) => (
        <option key={other} value={other}>
          {t(`role.${other}`)}
        </option>
      ))}
    </Select>
  );
}
