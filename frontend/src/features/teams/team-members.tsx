"use client";

import { useQuery } from "@tanstack/react-query";
import { LogOutIcon, UserMinusIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { ListSkeleton } from "@/components/list-skeleton";
import { Avatar } from "@/components/ui/avatar";
import { Badge } from "@/components/ui/badge";
import { Card, CardHeader } from "@/components/ui/card";
import { Select } from "@/components/ui/input";
import { useMe } from "@/lib/data/session";
import type { Team } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { type TeamRole, useDeleteTeamMember, useLeaveTeam, useUpdateTeamMember } from "./mutations";
import { teamMembersQuery } from "./queries";

export function TeamMembers({ team, reason }: { team: Team; reason: string | undefined }) {
  const t = useTranslations("teams");
  const errorText = useErrorText();
  const me = useMe();
  const members = useQuery(teamMembersQuery(team.id));
  const update = useUpdateTeamMember(team.id);
  const router = useRouter();
  const remove = useDeleteTeamMember(team.id);
  const leave = useLeaveTeam(team.id);
  const [removed, setRemoved] = useState<{ user_id: string; name: string }>();
  const [isLeaving, setLeaving] = useState(false);
  const onError = (error: unknown) => {
    toast.error(errorText(error));
  };
  return (
    <Card>
      <CardHeader heading={t("members")} />
      {members.isPending ? (
        <ListSkeleton rows={3} />
      ) : members.isLoadingError ? (
        <ErrorPanel error={members.error} onRetry={() => void members.refetch()} />
      ) : (
        <ul className="divide-y divide-border">
          {members.data.map((member) => {
            const name = member.name || member.email;
            return (
              <li key={member.user_id} className="flex flex-wrap items-center gap-3 px-4 py-2 text-sm">
                <Avatar name={name} />
                <span className="min-w-0 flex-1 basis-40">
                  <span className="block truncate font-medium">{name}</span>
                  {member.name !== "" && <span className="block truncate text-xs text-muted-foreground">{member.email}</span>}
                </span>
                {!member.active && <Badge tone="warning">{t("deactivated")}</Badge>}
                {reason === undefined ? (
                  <Select
                    aria-label={t("roleOf", { name })}
                    className="w-32"
                    value={member.role}
                    onChange={(event) => {
                      update.mutate({ user: member.user_id, role: event.target.value as TeamRole }, { onError });
                    }}
                  >
                    <option value="member">{t("role.member")}</option>
                    <option value="admin">{t("role.admin")}</option>
                  </Select>
                ) : (
                  t(`role.${member.role}`)
                )}
                <GuardedButton
                  reason={member.user_id === me.id ? undefined : reason}
                  variant="ghost"
                  size="icon-sm"
                  aria-label={member.user_id === me.id ? t("leave") : t("remove", { name })}
                  onClick={() => {
                    if (member.user_id === me.id) setLeaving(true);
                    else setRemoved({ user_id: member.user_id, name });
                  }}
                >
                  {member.user_id === me.id ? <LogOutIcon /> : <UserMinusIcon />}
                </GuardedButton>
              </li>
            );
          })}
        </ul>
      )}
      <ConfirmDialog
        open={isLeaving}
        onOpenChange={setLeaving}
        heading={t("leaveHeading", { name: team.name })}
        description={t("leaveDescription")}
        action={t("leave")}
        mutation={leave}
        variables={undefined}
        onDone={() => {
          toast.success(t("left", { name: team.name }));
          router.replace(paths.teams());
        }}
      />
      {removed !== undefined && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setRemoved(undefined);
          }}
          heading={t("removeHeading", { name: removed.name })}
          description={t("removeDescription")}
          action={t("removeAction")}
          mutation={remove}
          variables={{ user: removed.user_id }}
          onDone={() => {
            toast.success(t("removed", { name: removed.name }));
          }}
        />
      )}
    </Card>
  );
}
