"use client";

import type { UseMutationResult } from "@tanstack/react-query";
import { RefreshCwIcon, XIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import type { Invitation, IssuedInvitation } from "@/lib/data/invitations";
import { toast } from "@/lib/toasts";

import { ConfirmDialog } from "./confirm-dialog";
import { useErrorText } from "./error-text";
import { lazyDialog } from "./lazy-dialog";
import { RelativeTime } from "./relative-time";
import { Badge, type Tone } from "./ui/badge";
import { Button } from "./ui/button";

const InvitationLink = lazyDialog(() => import("./invitation-link").then((module) => module.InvitationLink));

const TONES: Record<Invitation["state"], Tone> = { pending: "info", accepted: "success", declined: "danger", revoked: "neutral", expired: "warning" };

export interface InvitationListProps {
  invitations: Invitation[];
  renew: UseMutationResult<IssuedInvitation, unknown, string>;
  revoke: UseMutationResult<unknown, unknown, string>;
  /** Whether they lead to several places, so that each says where to. */
  hasPlaces?: boolean;
}

/** Who was invited, and what became of it. */
export function InvitationList({ invitations, renew, revoke, hasPlaces = false }: InvitationListProps) {
  const t = useTranslations("invitations");
  const errorText = useErrorText();
  const [issued, setIssued] = useState<IssuedInvitation>();
  const [revoked, setRevoked] = useState<Invitation>();
  const onError = (error: unknown) => {
    toast.error(errorText(error));
  };
  return (
    <ul className="divide-y divide-border">
      {invitations.map((invitation) => (
        <li key={invitation.id} className="row-in-sight flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-sm">
          <span className="min-w-0 font-medium [overflow-wrap:anywhere]">{invitation.email}</span>
          <Badge tone={TONES[invitation.state]}>{t(`state.${invitation.state}`)}</Badge>
          <span className="text-muted-foreground [overflow-wrap:anywhere]">
            {hasPlaces && (invitation.to.kind === "instance" ? t("to.instance") : t(`to.${invitation.to.kind}`, { name: invitation.to.name }))}
            {hasPlaces && " · "}
            {t(`role.${roleOf(invitation)}`)}
          </span>
          {invitation.mail.state === "failed" && <span className="text-danger [overflow-wrap:anywhere]">{t("mailFailed", { reason: invitation.mail.reason })}</span>}
          <span className="ml-auto text-xs text-muted-foreground">
            {invitation.state === "pending" ? t("expires") : t("from")} <RelativeTime at={invitation.state === "pending" ? invitation.expires_at : invitation.created_at} future={invitation.state === "pending"} />
          </span>
          {(invitation.state === "pending" || invitation.state === "expired") && (
            <span className="flex">
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={t("renew", { email: invitation.email })}
                onClick={() => {
                  renew.mutate(invitation.id, { onSuccess: setIssued, onError });
                }}
              >
                <RefreshCwIcon />
              </Button>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={t("revoke", { email: invitation.email })}
                onClick={() => {
                  setRevoked(invitation);
                }}
              >
                <XIcon />
              </Button>
            </span>
          )}
        </li>
      ))}
      {revoked !== undefined && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setRevoked(undefined);
          }}
          heading={t("revokeHeading", { email: revoked.email })}
          description={t("revokeDescription")}
          action={t("revokeAction")}
          mutation={revoke}
          variables={revoked.id}
        />
      )}
      <InvitationLink
        open={issued !== undefined}
        issued={issued}
        onClose={() => {
          setIssued(undefined);
        }}
      />
    </ul>
  );
}

function roleOf({ to }: Invitation) {
  if (to.kind !== "instance") return to.role;
  return to.instance_admin ? "instanceAdmin" : "account";
}
