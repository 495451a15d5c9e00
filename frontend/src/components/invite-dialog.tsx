"use client";

import { type UseMutationResult, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import type { IssuedInvitation } from "@/lib/data/invitations";
import { meQuery } from "@/lib/data/session";
import { waysInQuery } from "@/lib/data/ways-in";

import { useErrorText } from "./error-text";
import { Field } from "./field";
import { InvitationLink } from "./invitation-link";
import { SubmitFooter } from "./submit-footer";
import { Alert } from "./ui/alert";
import { Dialog, DialogBody, DialogContent } from "./ui/dialog";
import { Input, Select } from "./ui/input";
import { useSchema } from "./use-schema";

const PLACES = {
  instance: ["account", "instanceAdmin"],
  project: ["viewer", "member", "admin"],
  team: ["member", "admin"],
} as const;

type Place = keyof typeof PLACES;
export type RoleOf<P extends Place> = (typeof PLACES)[P][number];

/** What most people are invited as. */
const USUAL = { instance: "account", project: "member", team: "member" } as const satisfies { [P in Place]: RoleOf<P> };

interface InviteDialogProps<P extends Place> {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  to: P;
  invite: UseMutationResult<IssuedInvitation, unknown, { email: string; role: RoleOf<P> }>;
}

/** Invites somebody by e-mail address, and says who can come in that way. */
export function InviteDialog<P extends Place>({ open, onOpenChange, to, invite }: InviteDialogProps<P>) {
  const t = useTranslations("invitations");
  const [issued, setIssued] = useState<IssuedInvitation>();
  const who = useWhoComesIn(to);
  return (
    <>
      <Dialog
        open={open}
        onOpenChange={(isOpen) => {
          invite.reset();
          onOpenChange(isOpen);
        }}
      >
        <DialogContent heading={t("inviteHeading")} description={[who, t("accepting")].filter((text) => text !== undefined).join(" ")} className="max-w-md">
          <InviteForm
            to={to}
            invite={invite}
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

/** Whom an invitation of the user lets in; undefined until that is known. */
function useWhoComesIn(to: Place): string | undefined {
  const t = useTranslations("invitations");
  const me = useQuery(meQuery()).data?.user;
  const ways = useQuery(waysInQuery()).data;
  if (to === "instance") return t("comesIn.new");
  if (me?.instance_admin === true) return t("comesIn.anybody");
  if (me === undefined || ways === undefined) return undefined;
  return t(ways.sign_up === "closed" ? "comesIn.known" : "comesIn.anybody");
}

function InviteForm<P extends Place>({ to, invite, onDone }: Pick<InviteDialogProps<P>, "to" | "invite"> & { onDone: (issued: IssuedInvitation) => void }) {
  const t = useTranslations("invitations");
  const errorText = useErrorText();
  const roles: readonly RoleOf<Place>[] = PLACES[to];
  const resolver = useSchema((z) => z.object({ email: z.string().check(z.trim(), z.regex(/^\S+@\S+$/, t("emailInvalid"))), role: z.enum(roles) }));
  const form = useForm<{ email: string; role: RoleOf<Place> }>({ resolver, defaultValues: { email: "", role: USUAL[to] } });
  const submit = form.handleSubmit(({ email, role }) => {
    // The schema lets no other one pass.
    invite.mutate({ email, role: role as RoleOf<P> }, { onSuccess: onDone });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <DialogBody>
        {invite.isError && <Alert tone="danger">{errorText(invite.error)}</Alert>}
        <Field label={t("email")} error={form.formState.errors.email?.message}>
          {(field) => <Input {...field} type="email" autoComplete="off" {...form.register("email")} />}
        </Field>
        <Field label={t("as")} hint={t(`roleHint.${to as Place}`)}>
          {(field) => (
            <Select {...field} {...form.register("role")}>
              {roles.map((role) => (
                <option key={role} value={role}>
                  {t(`role.${role}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </DialogBody>
      <SubmitFooter pending={invite.isPending}>{t("send")}</SubmitFooter>
    </form>
  );
}
