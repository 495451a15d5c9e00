"use client";

import { useQuery } from "@tanstack/react-query";
import { PlusIcon, XIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { GuardedButton } from "@/components/guarded-button";
import { ListSkeleton } from "@/components/list-skeleton";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { Select } from "@/components/ui/input";
import type { Role } from "@/lib/access";
import { teamsQuery } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { useDeleteTeam, usePutTeam } from "./mutations";
import { projectTeamsQuery } from "./queries";

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
                    remove.mutate({ team: team.team_id }, { onError });
                  }}
                >
                  <XIcon />
                </GuardedButton>
              </span>
            </li>
          ))}
        </ul>
      )}
      <Dialog open={isAdding} onOpenChange={setAdding}>
        <DialogContent heading={t("addTeam")} description={t("addTeamHint")} className="max-w-md">
          <AddTeamForm
            onDone={() => {
              setAdding(false);
            }}
          />
        </DialogContent>
      </Dialog>
    </Card>
  );
}

function AddTeamForm({ onDone }: { onDone: () => void }) {
  const t = useTranslations("members");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const put = usePutTeam(useProjectRef());
  const { data: teams = [], isSuccess } = useQuery(teamsQuery());
  const [team, setTeam] = useState("");
  const [role, setRole] = useState<Role>("member");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (team !== "") put.mutate({ team, role }, { onSuccess: onDone });
      }}
    >
      <DialogBody>
        {put.isError && <Alert tone="danger">{errorText(put.error)}</Alert>}
        <Field
          label={t("team")}
          hint={
            isSuccess && teams.length === 0 ? (
              <>
                {t("noOwnTeams")}{" "}
                <Link href={paths.teams()} className="text-brand underline">
                  {t("toTeams")}
                </Link>
              </>
            ) : undefined
          }
        >
          {(field) => (
            <Select
              {...field}
              value={team}
              onChange={(event) => {
                setTeam(event.target.value);
              }}
            >
              <option value="">{t("chooseTeam")}</option>
              {teams.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("role")}>
          {(field) => (
            <Select
              {...field}
              value={role}
              onChange={(event) => {
                setRole(event.target.value as Role);
              }}
            >
              {ROLES.map((other) => (
                <option key={other} value={other}>
                  {common(`role.${other}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        <SubmitButton pending={put.isPending} disabled={team === ""}>
          {common("add")}
        </SubmitButton>
      </DialogFooter>
    </form>
  );
}
