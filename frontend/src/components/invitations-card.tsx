"use client";

import type { UseQueryResult } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useTranslations } from "use-intl";

import type { Invitation } from "@/lib/data/invitations";

import { ErrorPanel } from "./error-panel";
import type { InvitationListProps } from "./invitation-list";
import { ListSkeleton } from "./list-skeleton";
import { Card, CardHeader } from "./ui/card";

/** Comes after the page: it stands at its end, and often there is nothing to list. */
const InvitationList = lazy(() => import("./invitation-list").then((module) => ({ default: module.InvitationList })));

interface InvitationsCardProps extends Omit<InvitationListProps, "invitations"> {
  invitations: UseQueryResult<Invitation[]>;
}

/** Invitations to a place, in each state of their list. */
export function InvitationsCard({ invitations, ...list }: InvitationsCardProps) {
  const t = useTranslations("invitations");
  return (
    <Card>
      <CardHeader heading={t("title")} />
      {invitations.isPending ? (
        <ListSkeleton rows={2} />
      ) : invitations.isLoadingError ? (
        <ErrorPanel error={invitations.error} onRetry={() => void invitations.refetch()} />
      ) : invitations.data === undefined || invitations.data.length === 0 ? (
        <p className="px-4 py-6 text-center text-sm text-muted-foreground">{t("nothing")}</p>
      ) : (
        <Suspense fallback={<ListSkeleton rows={2} />}>
          <InvitationList invitations={invitations.data} {...list} />
        </Suspense>
      )}
    </Card>
  );
}
