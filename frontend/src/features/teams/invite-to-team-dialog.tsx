"use client";

import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { InvitationLink } from "@/components/invitation-link";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import type { IssuedInvitation } from "@/lib/data/invitations";

import { useInviteToTeam } from "./mutations";

interface InviteToTeamDialogProps {
  team: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Invites somebody by e-mail address, with or without an account. */
export function InviteToTeamDialog({ team, open, onOpenChange }: InviteToTeamDialogProps) {
  const t = useTranslations("teams");
  const [issued, setIssued] = useState<IssuedInvitation>();
  return (
    <>
      <Dialog open={open} onOpenChange={onOpenChange}>
        <DialogContent heading={t("inviteHeading")} description={t("inviteDescription")} className="max-w-md">
          <InviteForm
            team={team}
            onDone={(invitation) => {
              onOpenChange(false);
              setIssued(invitation);
            }}
          />
        </DialogContent>
      </Dialog>
      <InvitationLink
        open={issued !== undefined}
        issued={issued}
        onClose={() => {
          setIssued(undefined);
        }}
      />
    </>
  );
}

function InviteForm({ team, onDone }: { team: string; onDone: (issued: IssuedInvitation) => void }) {
  const t = useTranslations("teams");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const invite = useInviteToTeam(team);
  const resolver = useSchema((z) =>
    z.object({
      email: z.string().check(z.trim(), z.regex(/^\S+@\S+$/, t("emailInvalid"))),
      role: z.enum(["admin", "member"]),
    }),
  );
  const form = useForm({ resolver, defaultValues: { email: "", role: "member" as const } });
  const submit = form.handleSubmit((values) => {
    invite.mutate(values, { onSuccess: onDone });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <DialogBody>
        {invite.isError && <Alert tone="danger">{errorText(invite.error)}</Alert>}
        <Field label={t("email")} error={form.formState.errors.email?.message}>
          {(field) => <Input {...field} type="email" autoComplete="off" {...form.register("email")} />}
        </Field>
        <Field label={t("roleLabel")} hint={t("roleHint")}>
          {(field) => (
            <Select {...field} {...form.register("role")}>
              <option value="member">{t("role.member")}</option>
              <option value="admin">{t("role.admin")}</option>
            </Select>
          )}
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        <SubmitButton pending={invite.isPending}>{t("sendInvitation")}</SubmitButton>
      </DialogFooter>
    </form>
  );
}
