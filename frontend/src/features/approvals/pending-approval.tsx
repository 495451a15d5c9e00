"use client";

import { useQuery } from "@tanstack/react-query";
import { CheckIcon, XIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { CodeBlock } from "@/components/code-block";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { JsonTree } from "@/components/json-tree";
import { Link } from "@/components/link";
import { RelativeTime } from "@/components/relative-time";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { useRoleReason } from "@/components/use-role-reason";
import type { Approval } from "@/lib/data/approvals";
import { policyQuery } from "@/lib/data/policy";
import { useAccess } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { useAnswerApproval } from "./mutations";

/** One call that waits: who wants what, with which arguments. */
export function PendingApproval({ approval, name }: { approval: Approval; name: string | undefined }) {
  const t = useTranslations("approvals");
  const errorText = useErrorText();
  const reason = useRoleReason("approve");
  const ref = useProjectRef();
  const answer = useAnswerApproval(ref);
  const { may } = useAccess();
  const rule = useQuery({ ...policyQuery(ref), enabled: may("inspect") }).data?.rules.find(({ id }) => id === approval.rule_id);
  const say = (what: "approve" | "deny") => () => {
    answer.mutate(
      { approval: approval.id, say: what },
      {
        onSuccess: () => {
          toast.success(t(what === "approve" ? "approved" : "denied", { target: approval.target }));
        },
      },
    );
  };
  return (
    <Card>
      <CardHeader
        heading={<span className="font-mono text-sm [overflow-wrap:anywhere]">{`${approval.server} · ${approval.target}`}</span>}
        description={t("wants", { name: name ?? t("somebody"), client: approval.client })}
        actions={
          <span className="text-right text-xs text-muted-foreground">
            {t("asked")} <RelativeTime at={approval.asked_at} /> · {t("expires")} <RelativeTime at={approval.expires_at} future />
          </span>
        }
      />
      <CardBody className="grid gap-3">
        {answer.isError && <Alert tone="danger">{errorText(answer.error)}</Alert>}
        {rule !== undefined && (
          <p className="text-sm text-muted-foreground">
            {t("byRule")}{" "}
            <Link href={paths.projectSettings(ref)} className="text-foreground underline underline-offset-2">
              {rule.name === "" ? t("namelessRule") : rule.name}
            </Link>
          </p>
        )}
        {approval.arguments === null ? <p className="text-sm text-muted-foreground">{t("noArguments")}</p> : <Arguments text={approval.arguments} />}
        {approval.caller_may_confirm && <p className="text-sm text-muted-foreground">{t("callerMayConfirm")}</p>}
      </CardBody>
      <CardFooter>
        <GuardedButton reason={reason} variant="danger" disabled={answer.isPending} onClick={say("deny")}>
          <XIcon aria-hidden /> {t("deny")}
        </GuardedButton>
        <GuardedButton reason={reason} variant="primary" disabled={answer.isPending} onClick={say("approve")}>
          <CheckIcon aria-hidden /> {t("approve")}
        </GuardedButton>
      </CardFooter>
    </Card>
  );
}

function Arguments({ text }: { text: string }) {
  const t = useTranslations("approvals");
  const parsed = parse(text);
  return parsed ? (
    <JsonTree value={parsed.value} label={t("arguments")} />
  ) : (
    <CodeBlock wrap code={text} what={t("arguments")} />
  );
}

/** Long ones are cut, and then they are no JSON any more. */
function parse(text: string): { value: unknown } | null {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return null;
  }
}
