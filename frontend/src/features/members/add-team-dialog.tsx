"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { Link } from "@/components/link";
import { SubmitFooter } from "@/components/submit-footer";
import { Alert } from "@/components/ui/alert";
import { Dialog, DialogBody, DialogContent } from "@/components/ui/dialog";
import { Select } from "@/components/ui/input";
import type { Role } from "@/lib/access";
import { useMe } from "@/lib/data/session";
import { teamsQuery } from "@/lib/data/teams";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { usePutTeam } from "./mutations";

const ROLES: Role[] = ["viewer", "member", "admin"];

/** Gives a team a role on the project. */
export function AddTeamDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("members");
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent heading={t("addTeam")} description={t("addTeamHint")} className="max-w-md">
        <AddTeamForm
          onDone={() => {
            onOpenChange(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

function AddTeamForm({ onDone }: { onDone: () => void }) {
  const t = useTranslations("members");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const put = usePutTeam(useProjectRef());
  const { data: teams = [], isSuccess } = useQuery(teamsQuery());
  // Whoever may create teams may add any of them.
  const mayCreate = useMe().instance_admin;
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
            !mayCreate ? (
              t(isSuccess && teams.length === 0 ? "noOwnTeams" : "onlyOwnTeams")
            ) : isSuccess && teams.length === 0 ? (
              <>
                {t("noTeamsYet")}{" "}
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
      <SubmitFooter pending={put.isPending} disabled={team === ""}>
        {common("add")}
      </SubmitFooter>
    </form>
  );
}
