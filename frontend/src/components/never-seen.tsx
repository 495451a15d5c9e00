"use client";

import { CircleHelpIcon, PlayIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { useStartServer } from "@/lib/data/offers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { EmptyState } from "./empty-state";
import { useErrorText } from "./error-text";
import { GuardedButton } from "./guarded-button";
import { Link } from "./link";
import { Spinner } from "./spinner";
import { Button } from "./ui/button";
import { useRoleReason } from "./use-role-reason";

/** In place of what a server offers, when it was never asked: starting it is the next step, or `lacking` says what else is. */
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
  const reason = useRoleReason("manageServers");
  const start = useStartServer(ref);
  return (
    <EmptyState
      icon={CircleHelpIcon}
      heading={t("neverSeen")}
      description={start.isError ? <span className="text-danger">{errorText(start.error)}</span> : t("neverSeenHint")}
      actions={
        <GuardedButton
          reason={reason}
          variant="primary"
          disabled={start.isPending}
          onClick={() => {
            start.mutate();
          }}
        >
          {start.isPending ? <Spinner /> : <PlayIcon aria-hidden />} {t("start")}
        </GuardedButton>
      }
    />
  );
}
