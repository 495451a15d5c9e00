"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { calledOf, type Called } from "@/lib/called";
import type { Call } from "@/lib/data/activity";
import { offersQuery } from "@/lib/data/offers";
import { explanationQuery } from "@/lib/data/policy";
import { useAccess, useProject } from "@/lib/data/projects";
import { serversQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { useErrorText } from "./error-text";
import { Link } from "./link";
import { Alert } from "./ui/alert";
import { Button } from "./ui/button";
import { Skeleton } from "./ui/skeleton";

/** Why a call was refused, as far as it can be said today: the record keeps that it was, and not why. */
export function Refusal({ call }: { call: Call }) {
  const t = useTranslations("activity.why");
  const { separator } = useProject();
  const servers = useQuery(serversQuery(useProjectRef()));
  if (servers.isPending) return <Skeleton className="h-16" />;
  const aliases = (servers.data ?? []).map(({ alias }) => alias);
  const called = calledOf(call, aliases, separator);
  if (called === undefined) return <Why>{t("noServer")}</Why>;
  return <Decision call={call} called={called} />;
}

function Decision({ call, called }: { call: Call; called: Called }) {
  const t = useTranslations("activity.why");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const { may } = useAccess();
  const kind = call.kind as "tool" | "prompt" | "resource";
  // Only admins ask about others, and about keys; everybody else sees own calls alone.
  const whose = may("inspect") ? { user: call.user_id, key: call.key_id } : {};
  const decision = useQuery(explanationQuery(ref, { server: called.server, kind, name: called.name, client: call.client, ...whose }));
  const offers = useQuery(offersQuery({ ...ref, server: called.server }, kind));
  if (decision.isPending || offers.isPending) return <Skeleton className="h-16" />;
  if (decision.isError) return <Why>{errorText(decision.error)}</Why>;
  const { effect, reason, rule_id, steps } = decision.data;
  const rule = steps.find((step) => step.rule_id === rule_id);
  if (effect === "allow") {
    const { data } = offers;
    const isUnknown = data !== undefined && data.fetched_at !== null && kind !== "resource" && !data.items.some(({ name }) => name === called.name);
    if (isUnknown) {
      return (
        <Why action={<Action href={paths.serverTools({ ...ref, server: called.server }, { kind })}>{t("toOffers")}</Action>}>
          {t("notOffered", { server: called.server, name: called.name })}
        </Why>
      );
    }
    return <Why>{t(may("inspect") ? "allowedToday" : "allowedWithoutKey")}</Why>;
  }
  if (effect === "require_approval") {
    return <Why action={<Action href={paths.approvals(ref)}>{t("toApprovals")}</Action>}>{t("notApproved")}</Why>;
  }
  if (rule === undefined) return <Why>{`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`}</Why>;
  return (
    <Why action={<Action href={paths.projectSettings(ref)}>{t("toRules")}</Action>}>
      {t(rule.name === "" ? "byNamelessRule" : "byRule", { place: rule.place, name: rule.name })}
    </Why>
  );
}

function Why({ children, action }: { children: ReactNode; action?: ReactNode }) {
  const t = useTranslations("activity.why");
  return (
    <Alert tone="warning" heading={t("heading")} actions={action}>
      {children}
    </Alert>
  );
}

function Action({ href, children }: { href: string; children: ReactNode }) {
  return (
    <Button asChild size="sm">
      <Link href={href}>{children}</Link>
    </Button>
  );
}
