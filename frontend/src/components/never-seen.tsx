"use client";

import { useQuery } from "@tanstack/react-query";
import { CircleHelpIcon, PlayIcon, TriangleAlertIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { useStartServer } from "@/lib/data/offers";
import { useAccess } from "@/lib/data/projects";
import { isFailing } from "@/lib/data/server-states";
import { serverQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { EmptyState } from "./empty-state";
import { useErrorText } from "./error-text";
import { GuardedButton } from "./guarded-button";
import { Link } from "./link";
import { Spinner } from "./spinner";
import { Button } from "./ui/button";
import { useRoleReason } from "./use-role-reason";

/** In place of what a server offers, when it never said: starting it is the next step, or `lacking` says what else is. */
export function NeverSeen({ lacking }: { lacking: string | null }) {
  return lacking === null ? <NeverAsked /> : <NothingForYou reason={lacking} />;
}

function NothingForYou({ reason }: { reason: string }) {
  const t = useTranslations("tools");
  const ref = useServerRef();
  return (
    <EmptyState
      icon={CircleHelpIcon}
      heading={t("nothingForYou")}
      description={reason}
      actions={
        <Button asChild>
          <Link href={paths.server(ref)}>{t("toServer")}</Link>
        </Button>
      }
    />
  );
}

function NeverAsked() {
  const t = useTranslations("tools");
  const errorText = useErrorText();
  const ref = useServerRef();
  const { may } = useAccess();
  const reason = useRoleReason("manageServers");
  const start = useStartServer(ref);
  const { data: server } = useQuery(serverQuery(ref));
  const isBusy = start.isPending || server?.status.state === "starting";
  const hasFailed = server !== undefined && isFailing(server.status.state);
  const problem = hasFailed ? server.status.reason : start.isError ? errorText(start.error) : null;
  return (
    <EmptyState
      icon={hasFailed ? TriangleAlertIcon : CircleHelpIcon}
      heading={t(hasFailed ? "failing" : "neverSeen")}
      description={
        <>
          {problem !== null && <span className="block text-danger [overflow-wrap:anywhere]">{problem}</span>}
          {hasFailed ? reason !== undefined && t("failingAsk") : problem === null && t(reason === undefined ? "neverSeenHint" : "neverSeenAsk")}
        </>
      }
      actions={
        <>
          <GuardedButton
            reason={reason}
            variant="primary"
            disabled={isBusy}
            onClick={() => {
              start.mutate();
            }}
          >
            {isBusy ? <Spinner /> : <PlayIcon aria-hidden />} {t("start")}
          </GuardedButton>
          {problem !== null && may("inspect") && (
            <Button asChild>
              <Link href={paths.serverLogs(ref)}>{t("toLogs")}</Link>
            </Button>
          )}
        </>
      }
    />
  );
}
