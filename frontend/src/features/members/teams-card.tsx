"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, XIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { lazyDialog } from "@/components/lazy-dialog";
import { ListSkeleton } from "@/components/list-skeleton";
import { Card, CardHeader } from "@/components/ui/card";
import { Select } from "@/components/ui/input";
import type { Role } from "@/lib/access";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { useDeleteTeam, usePutTeam } from "./mutations";
import { projectTeamsQuery } from "./queries";

const AddTeamDialog = lazyDialog(() => import("./add-team-dialog").then((module) => module.AddTeamDialog));

const ROLES: Role[] = ["viewer", "member", "admin"];

/** Teams with a role on the project: everybody in them has at least that. */
export function TeamsCard({ reason }: { reason: string | undefined }) {
  const t = useTranslations("members");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const teams = useQuery(projectTeamsQuery(ref));
  const put = usePutTeam(ref);
  const remove = useDeleteTeam(ref);
  const [isAdding, setAdding] = useState(false);
  const [removed, setRemoved] = useState<{ team_id: string; name: string }>();
  const onError = (error: unknown) => {
    toast.error(errorText(error));
  };
  return (
    <Card>
      <CardHeader
        heading={t("teams")}
        actions={
          <GuardedButton
            reason={reason}
            size="sm"
            onClick={() => {
              setAdding(true);
            }}
          >
            <PlusIcon aria-hidden /> {t("addTeam")}
          </GuardedButton>
        }
      />
      {teams.isPending ? (
        <ListSkeleton rows={2} />
      ) : teams.isLoadingError ? (
        <ErrorPanel error={teams.error} onRetry={() => void teams.refetch()} />
      ) : teams.data.length === 0 ? (
        <p className="px-4 py-6 text-center text-sm text-muted-foreground">{t("noTeams")}</p>
      ) : (
        <ul className="divide-y divide-border">
          {teams.data.map((team) => (
            <li key={team.team_id} className="flex flex-wrap items-center gap-3 px-4 py-2 text-sm">
              <Link href={paths.team(team.slug)} className="font-medium hover:underline">
                {team.name}
              </Link>
              <span className="text-muted-foreground">{t("people", { count: team.member_count })}</span>
              <span className="ml-auto flex items-center gap-2">
                {reason === undefined ? (
                  <Select
                    aria-label={t("roleOf", { name: team.name })}
                    className="w-32"
                    value={team.role}
                    onChange={(event) => {
                      put.mutate({ team: team.team_id, role: event.target.value as Role }, { onError });
                    }}
                  >
                    {ROLES.map((role) => (
                      <option key={role} value={role}>
                        {common(`role.${role}`)}
                      </option>
                    ))}
                  </Select>
                ) : (
                  common(`role.${team.role}`)
                )}
                <GuardedButton
                  reason={reason}
                  variant="ghost"
                  size="icon-sm"
                  aria-label={t("removePerson", { name: team.name })}
                  onClick={() => {
                    setRemoved(team);
                  }}
                >
                  <XIcon />
                </GuardedButton>
              </span>
            </li>
          ))}
        </ul>
      )}
      {removed !== undefined && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setRemoved(undefined);
          }}
          heading={t("removeTeamHeading", { name: removed.name })}
          description={t("removeTeamDescription")}
          action={t("remove")}
          mutation={remove}
          variables={{ team: removed.team_id }}
          onDone={() => {
            toast.success(t("removedTeam", { name: removed.name }));
          }}
        />
      )}
      <AddTeamDialog open={isAdding} onOpenChange={setAdding} />
    </Card>
  );
}
