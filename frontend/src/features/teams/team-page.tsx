"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { UserPlusIcon } from "lucide-react";
import { lazyDialog } from "@/components/lazy-dialog";
import { Link } from "@/components/link";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { ErrorPanel } from "@/components/error-panel";
import { GuardedButton } from "@/components/guarded-button";
import { InvitationsCard } from "@/components/invitations-card";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { Badge } from "@/components/ui/badge";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { useMe } from "@/lib/data/session";
import { type Team, teamQuery } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { useSegmentAfter } from "@/lib/route";

import { useDeleteTeam, useInviteToTeam, useRenewTeamInvitation, useRevokeTeamInvitation } from "./mutations";
import { teamInvitationsQuery, teamProjectsQuery } from "./queries";
import { RenameTeam } from "./rename-team";
import { TeamMembers } from "./team-members";

const InviteDialog = lazyDialog(() => import("@/components/invite-dialog").then((module) => module.InviteDialog<"team">));

/** One team: who is in it, what it reaches, who is invited. */
export function TeamPage() {
  const t = useTranslations("teams");
  const slug = useSegmentAfter("teams");
  const me = useMe();
  const { data: team } = useSuspenseQuery(teamQuery(slug));
  const reason = team.role === "admin" || me.instance_admin ? undefined : t("onlyAdmins");
  const [isInviting, setInviting] = useState(false);
  return (
    <>
      <PageHeader
        title={team.name}
        badge={team.role !== null && <Badge tone={team.role === "admin" ? "brand" : "neutral"}>{t(`role.${team.role}`)}</Badge>}
        description={t("people", { count: team.member_count })}
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
        <TeamMembers team={team} reason={reason} />
        <Projects team={team.id} />
        {reason === undefined && <Invitations team={team.id} />}
        {reason === undefined && <RenameTeam key={team.id} team={team} />}
        <Danger team={team} reason={reason} />
      </div>
      <InviteDialog to="team" invite={useInviteToTeam(team.id)} open={isInviting} onOpenChange={setInviting} />
    </>
  );
}

function Projects({ team }: { team: string }) {
  const t = useTranslations("teams");
  const common = useTranslations("common");
  const projects = useQuery(teamProjectsQuery(team));
  return (
    <Card>
      <CardHeader heading={t("projects")} description={t("projectsHint")} />
      {projects.isPending ? (
        <ListSkeleton rows={2} />
      ) : projects.isLoadingError ? (
        <ErrorPanel error={projects.error} onRetry={() => void projects.refetch()} />
      ) : projects.data.length === 0 ? (
        <p className="px-4 py-6 text-center text-sm text-muted-foreground">{t("noProjects")}</p>
      ) : (
        <ul className="divide-y divide-border">
          {projects.data.map((project) => (
            <li key={project.project_id} className="flex items-center gap-3 px-4 py-2.5 text-sm">
              <Link href={paths.project({ project: project.slug })} className="font-medium hover:underline">
                {project.name}
              </Link>
              <Badge className="ml-auto">{common(`role.${project.role}`)}</Badge>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Invitations({ team }: { team: string }) {
  const invitations = useQuery(teamInvitationsQuery(team));
  return <InvitationsCard invitations={invitations} renew={useRenewTeamInvitation(team)} revoke={useRevokeTeamInvitation(team)} />;
}

function Danger({ team, reason }: { team: Team; reason: string | undefined }) {
  const t = useTranslations("teams");
  const router = useRouter();
  const remove = useDeleteTeam();
  const [isOpen, setOpen] = useState(false);
  return (
    <Card className="border-danger/40">
      <CardHeader heading={t("danger")} />
      <CardBody className="flex flex-wrap items-center gap-4">
        <p className="min-w-0 flex-1 basis-60 text-sm text-muted-foreground">{t("deleteHint")}</p>
        <GuardedButton
          reason={reason}
          variant="danger"
          onClick={() => {
            setOpen(true);
          }}
        >
          {t("delete")}
        </GuardedButton>
      </CardBody>
      <ConfirmDialog
        open={isOpen}
        onOpenChange={setOpen}
        heading={t("deleteHeading", { name: team.name })}
        description={t("deleteHint")}
        action={t("delete")}
        word={team.slug}
        mutation={remove}
        variables={{ id: team.id, version: team.version }}
        onDone={() => {
          router.replace(paths.teams());
        }}
      />
    </Card>
  );
}
