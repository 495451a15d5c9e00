"use client";

import { useQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { RelativeTime } from "@/components/relative-time";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { toast } from "@/lib/toasts";

import { useAnswerInvitation } from "./mutations";
import { ownInvitationsQuery } from "./queries";

/** What the user is invited to; nothing where there is nothing. */
export function OwnInvitations() {
  const t = useTranslations("profile");
  const errorText = useErrorText();
  const pending = (useQuery(ownInvitationsQuery()).data ?? []).filter(({ state }) => state === "pending");
  const answer = useAnswerInvitation();
  const say = (invitation: string, what: "accept" | "decline") => {
    answer.mutate(
      { invitation, say: what },
      {
        onSuccess: () => {
          toast.success(t(what === "accept" ? "accepted" : "declined"));
        },
        onError: (error) => {
          toast.error(errorText(error));
        },
      },
    );
  };
  if (pending.length === 0) return null;
  return (
    <Card className="border-info-mark">
      <CardHeader heading={t("invitations")} />
      <ul className="divide-y divide-border">
        {pending.map((invitation) => (
          <li key={invitation.id} className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-sm">
            <span className="min-w-0 flex-1 basis-56">
              <span className="block font-medium">{invitation.to.kind === "instance" ? "MCP Orchestrator" : invitation.to.name}</span>
              <span className="block text-xs text-muted-foreground">
                {invitation.inviter !== null && `${invitation.inviter.name || invitation.inviter.email} · `}
                <RelativeTime at={invitation.created_at} />
              </span>
            </span>
            <Button
              onClick={() => {
                say(invitation.id, "decline");
              }}
            >
              {t("decline")}
            </Button>
            <Button
              variant="primary"
              onClick={() => {
                say(invitation.id, "accept");
              }}
            >
              {t("accept")}
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  );
}
