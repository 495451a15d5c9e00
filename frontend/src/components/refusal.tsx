"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { calledOf, type Called } from "@/lib/called";
import type { Call } from "@/lib/data/activity";
import { offersQuery } from "@/lib/data/offers";
import { type Explanation, explanationQuery, policyQuery } from "@/lib/data/policy";
import { useAccess, useProject } from "@/lib/data/projects";
import { serversQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { useErrorText } from "./error-text";
import { Link } from "./link";
import { Alert } from "./ui/alert";
import { Button } from "./ui/button";
import { Skeleton } from "./ui/skeleton";

/** Why a call was refused: as it is on record, or as it would be decided today where the record does not say. */
export function Refusal({ call }: { call: Call }) {
  const { may } = useAccess();
  // What is hidden is on record as unknown for who may not inspect, and explained by the rules of today.
  if (call.reason !== null && (call.reason !== "unknown" || may("inspect"))) return <Recorded call={call} reason={call.reason} />;
  return call.outcome === "refused" ? <Today call={call} /> : null;
}

function Recorded({ call, reason }: { call: Call; reason: NonNullable<Call["reason"]> }) {
  const t = useTranslations("activity.why");
  const ref = useProjectRef();
  // A daemon that is newer than this page may have another word.
  if (!t.has(`reasons.${reason}`)) return <Why>{reason}</Why>;
  const said = reason === "unknown" && call.server !== "" ? t("unknownOn", { server: call.server }) : t(`reasons.${reason}`);
  if (call.rule_id !== null && reason !== "switched_off") {
    return (
      <Why action={<Action href={paths.projectSettings(ref)}>{t("toRules")}</Action>}>
        {said} <RuleName id={call.rule_id} />
      </Why>
    );
  }
  const isOfServer = reason === "switched_off" || (reason === "unknown" && call.server !== "");
  const action = isOfServer && <Action href={paths.serverTools({ ...ref, server: call.server }, { kind: call.kind as "tool" })}>{t("toOffers")}</Action>;
  return <Why action={action}>{said}</Why>;
}

/** The rule that decided then, by the name that it has now. */
function RuleName({ id }: { id: string }) {
  const t = useTranslations("activity.why");
  const policy = useQuery(policyQuery(useProjectRef()));
  if (policy.data === undefined) return null;
  const rule = policy.data.rules.find((other) => other.id === id);
  if (rule === undefined) return t("ruleGone");
  return rule.name === "" ? t("rulePlace", { place: policy.data.rules.indexOf(rule) + 1 }) : t("ruleName", { name: rule.name });
}

/** As far as it can be said today of a call whose record does not say why. */
function Today({ call }: { call: Call }) {
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
  if (decision.isLoadingError) return <Why>{errorText(decision.error)}</Why>;
  const { effect } = decision.data;
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
  return <Denied decision={decision.data} byRule={t("byRule")} />;
}

/** Why something is hidden from whoever looks; nothing where it is not. */
export function Hidden({ server, kind, name, heading }: Called & { kind: "tool" | "prompt" | "resource"; heading?: string }) {
  const t = useTranslations("activity.why");
  const decision = useQuery(explanationQuery(useProjectRef(), { server, kind, name })).data;
  return decision?.effect === "deny" ? <Denied decision={decision} byRule={t("byRuleForYou")} heading={heading} /> : null;
}

function Denied({ decision: { rule_id, reason }, byRule, heading }: { decision: Explanation; byRule: string; heading?: string }) {
  const t = useTranslations("activity.why");
  const ref = useProjectRef();
  // Who sets no rules is not told which it was.
  const policy = useQuery({ ...policyQuery(ref), enabled: rule_id !== null });
  if (rule_id !== null && policy.isPending) return <Skeleton className="h-16" />;
  const isRule = rule_id !== null && policy.data?.switched_off.some((off) => off.rule_id === rule_id) !== true;
  if (!isRule) return <Why heading={heading}>{`${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`}</Why>;
  return (
    <Why heading={heading} action={<Action href={paths.projectSettings(ref)}>{t("toRules")}</Action>}>
      {byRule} <RuleName id={rule_id} />
    </Why>
  );
}

function Why({ children, action, heading }: { children: ReactNode; action?: ReactNode; heading?: string }) {
  const t = useTranslations("activity.why");
  return (
    <Alert tone="warning" heading={heading ?? t("heading")} actions={action}>
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
