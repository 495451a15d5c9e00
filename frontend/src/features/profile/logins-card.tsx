"use client";

import { useQuery } from "@tanstack/react-query";
import { MonitorIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { ListSkeleton } from "@/components/list-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { toast } from "@/lib/toasts";

import { useEndLogin, useEndOtherLogins } from "./mutations";
import { ownLoginsQuery } from "./queries";

/** Where the account is logged in. */
export function LoginsCard() {
  const t = useTranslations("profile");
  const errorText = useErrorText();
  const logins = useQuery(ownLoginsQuery());
  const end = useEndLogin();
  const endOthers = useEndOtherLogins();
  const [isEnding, setEnding] = useState(false);
  const onError = (error: unknown) => {
    toast.error(errorText(error));
  };
  const others = logins.data?.filter(({ current }) => !current) ?? [];
  return (
    <Card>
      <CardHeader
        heading={t("sessions")}
        actions={
          others.length > 0 && (
            <Button
              size="sm"
              variant="danger"
              onClick={() => {
                setEnding(true);
              }}
            >
              {t("endOthers")}
            </Button>
          )
        }
      />
      {logins.isPending ? (
        <ListSkeleton rows={2} />
      ) : logins.isLoadingError ? (
        <ErrorPanel error={logins.error} onRetry={() => void logins.refetch()} />
      ) : (
        <ul className="divide-y divide-border">
          {logins.data.map((login) => (
            <li key={login.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-sm">
              <MonitorIcon aria-hidden className="size-4 text-muted-foreground" />
              <span className="min-w-0 flex-1 basis-56">
                <span className="flex items-center gap-2">
                  <span className="truncate font-medium" title={login.client ?? undefined}>
                    {clientName(login.client) ?? t("unknownClient")}
                  </span>
                  {login.current && <Badge tone="success">{t("thisOne")}</Badge>}
                </span>
                <span className="block text-xs text-muted-foreground">
                  {login.address !== null && `${login.address} · `}
                  {t("seen")} <RelativeTime at={login.seen_at} />
                </span>
              </span>
              {!login.current && (
                <Button
                  size="sm"
                  onClick={() => {
                    end.mutate(login.id, { onError });
                  }}
                >
                  {t("end")}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      <ConfirmDialog
        open={isEnding}
        onOpenChange={setEnding}
        heading={t("endOthersHeading")}
        description={t("endOthersDescription")}
        action={t("endOthers")}
        mutation={endOthers}
        variables={undefined}
      />
    </Card>
  );
}

/** Browser and system of a user agent, or the agent as it is. */
function clientName(agent: string | null): string | undefined {
  if (agent === null) return undefined;
  const browser = /(Firefox|Edg|OPR|Chrome|Safari)\/(\d+)/.exec(agent);
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(agent);
  if (browser === null) return agent.slice(0, 80);
  const name = { Edg: "Edge", OPR: "Opera" }[browser[1] ?? ""] ?? browser[1];
  return [`${name} ${browser[2]}`, system?.[1]].filter(Boolean).join(", ");
}
