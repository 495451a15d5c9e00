"use client";

import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";
import { type Invitation, useAnswerInvitation } from "@/lib/data/invitations";
import { toast } from "@/lib/toasts";

import { useErrorText } from "./error-text";
import { RelativeTime } from "./relative-time";
import { Button } from "./ui/button";
import { Card, CardHeader } from "./ui/card";

/** Invitations to answer. */
export function OwnInvitationsCard({ invitations, className }: { invitations: Invitation[]; className?: string }) {
  const t = useTranslations("invitations");
  const errorText = useErrorText();
  const answer = useAnswerInvitation();
  const say = (invitation: string, what: "accept" | "decline") => {
    answer.mutate(
      { invitation, say: what },
      {
        onSuccess: () => {
          toast.success(t(`own.${what}.done`));
        },
        onError: (error) => {
          toast.error(errorText(error));
        },
      },
    );
  };
  return (
    <Card className={cn("border-info-mark", className)}>
      <CardHeader heading={t("own.heading")} />
      <ul className="divide-y divide-border">
        {invitations.map(({ id, to, inviter, created_at: at }) => (
          <li key={id} className="flex flex-wrap items-center gap-3 px-4 py-2.5 text-sm">
            <span className="min-w-0 flex-1 basis-56">
              <span className="block font-medium">{to.kind === "instance" ? "MCP Orchestrator" : to.name}</span>
              <span className="block text-xs text-muted-foreground">
                {to.kind !== "instance" && `${t(`own.${to.kind}`, { role: t(`role.${to.role}`) })} · `}
                {inviter !== null && `${inviter.name || inviter.email} · `}
                <RelativeTime at={at} />
              </span>
            </span>
            <span className="ml-auto flex gap-3">
              <Button
                disabled={answer.isPending}
                onClick={() => {
                  say(id, "decline");
                }}
              >
                {t("own.decline.do")}
              </Button>
              <Button
                variant="primary"
                disabled={answer.isPending}
                onClick={() => {
                  say(id, "accept");
                }}
              >
                {t("own.accept.do")}
              </Button>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
