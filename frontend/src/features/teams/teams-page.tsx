"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, UsersIcon } from "lucide-react";
import { lazyDialog } from "@/components/lazy-dialog";
import { Link } from "@/components/link";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { type Column, DataTable } from "@/components/data-table";
import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { GuardedButton } from "@/components/guarded-button";
import { ListSkeleton } from "@/components/list-skeleton";
import { PageHeader } from "@/components/page-header";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import { useMe } from "@/lib/data/session";
import { type Team, teamsQuery } from "@/lib/data/teams";
import { paths } from "@/lib/paths";

const CreateTeamDialog = lazyDialog(() => import("./create-team-dialog").then((module) => module.CreateTeamDialog));

/** The teams that the user is in; all of them for instance admins. */
export function TeamsPage() {
  const t = useTranslations("teams");
  const me = useMe();
  const teams = useQuery(teamsQuery());
  const [isCreating, setCreating] = useState(false);
  const columns: Column<Team>[] = [
    {
      id: "name",
      header: t("team"),
      sort: (team) => team.name,
      cell: (team) => (
        <Link href={paths.team(team.slug)} className="font-medium hover:underline">
          {team.name}
        </Link>
      ),
    },
    { id: "role", header: t("yourRole"), cell: (team) => (team.role === null ? "–" : <Badge tone={team.role === "admin" ? "brand" : "neutral"}>{t(`role.${team.role}`)}</Badge>) },
    { id: "people", header: t("members"), align: "right", sort: (team) => team.member_count, cell: (team) => team.member_count },
    { id: "created", header: t("created"), sort: (team) => team.created_at, cell: (team) => <RelativeTime at={team.created_at} className="text-muted-foreground" />, className: "@max-lg:hidden w-40" },
  ];
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("description")}
        actions={
          <GuardedButton
            reason={me.instance_admin ? undefined : t("onlyInstanceAdmins")}
            variant="primary"
            onClick={() => {
              setCreating(true);
            }}
          >
            <PlusIcon aria-hidden /> {t("create")}
          </GuardedButton>
        }
      />
      {teams.isPending ? (
        <ListSkeleton />
      ) : teams.isLoadingError ? (
        <ErrorPanel error={teams.error} onRetry={() => void teams.refetch()} />
      ) : teams.data.length === 0 ? (
        <EmptyState icon={UsersIcon} heading={t("nothing")} description={t(me.instance_admin ? "nothingHint" : "nothingForYou")} />
      ) : (
        <Card>
          <DataTable label={t("title")} columns={columns} rows={teams.data} rowId={(team) => team.id} />
        </Card>
      )}
      <CreateTeamDialog open={isCreating} onOpenChange={setCreating} />
    </>
  );
}
