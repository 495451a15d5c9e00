"use client";

import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";

import { ownInvitationsQuery } from "@/lib/data/invitations";

const OwnInvitationsCard = lazy(() => import("./own-invitations-card").then((module) => ({ default: module.OwnInvitationsCard })));

/** What the user is invited to; nothing where there is nothing, as nearly always, so that its code comes with the first. */
export function OwnInvitations({ className }: { className?: string }) {
  const invitations = useQuery(ownInvitationsQuery()).data ?? [];
  if (invitations.length === 0) return null;
  return (
    <Suspense>
      <OwnInvitationsCard invitations={invitations} className={className} />
    </Suspense>
  );
}
