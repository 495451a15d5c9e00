"use client";

import { useQuery } from "@tanstack/react-query";
import { FlaskConicalIcon, PlusIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { lazyDialog } from "@/components/lazy-dialog";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { type Policy, policyQuery } from "@/lib/data/policy";
import { useUnsaved } from "@/lib/leaving";
import { usePreload } from "@/lib/preload";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { usePutPolicy, useTryPolicy } from "./policy-mutations";
import { RuleRow } from "./rule-row";
import { draftOf, moved, newRule, type RuleDraft } from "./rules";
import { TryOut } from "./try-out";

const loadRuleDialog = () => import("./rule-dialog").then((module) => module.RuleDialog);
const RuleDialog = lazyDialog(loadRuleDialog);

/** The rules of the project, in the order in which they are asked. */
export function RulesCard({ reason }: { reason: string | undefined }) {
  const t = useTranslations("rules");
  const policy = useQuery(policyQuery(useProjectRef()));
  if (policy.isPending) return <Skeleton className="h-40" />;
  if (policy.isLoadingError) {
    return (
      <Card>
        <CardHeader heading={t("heading")} />
        <ErrorPanel error={policy.error} onRetry={() => void policy.refetch()} />
      </Card>
    );
  }
  return <RulesEditor key={policy.data.version} policy={policy.data} reason={reason} />;
}

function RulesEditor({ policy, reason }: { policy: Policy; reason: string | undefined }) {
  const t = useTranslations("rules");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const [isDirty, setDirty] = useState(false);
  useUnsaved(isDirty);
  const put = usePutPolicy(ref, {
    onSaved: () => {
      setDirty(false);
      toast.success(common("saved"));
    },
  });
  const trying = useTryPolicy(ref);
  const [rules, setRules] = useState<RuleDraft[]>(() => policy.rules.map(draftOf));
  const [edited, setEdited] = useState<RuleDraft>();
  usePreload(loadRuleDialog);
  const change = (next: RuleDraft[]) => {
    setRules(next);
    setDirty(true);
    trying.reset();
  };
  const replace = (rule: RuleDraft) => {
    const isThere = rules.some(({ key }) => key === rule.key);
    change(isThere ? rules.map((other) => (other.key === rule.key ? rule : other)) : [...rules, rule]);
  };
  return (
    <Card>
      <CardHeader
        heading={t("heading")}
        description={t("description")}
        actions={
          <GuardedButton
            reason={reason}
            size="sm"
            onClick={() => {
              setEdited(newRule());
            }}
          >
            <PlusIcon aria-hidden /> {t("add")}
          </GuardedButton>
        }
      />
      {rules.length === 0 ? (
        <CardBody>
          <p className="text-sm text-muted-foreground">{t("none")}</p>
        </CardBody>
      ) : (
        <ol className="divide-y divide-border">
          {rules.map((rule, index) => (
            <RuleRow
              key={rule.key}
              rule={rule}
              place={index + 1}
              isLast={index === rules.length - 1}
              isLocked={reason !== undefined}
              onChange={replace}
              onEdit={() => {
                setEdited(rule);
              }}
              onMove={(by) => {
                change(moved(rules, index, index + by));
              }}
              onDelete={() => {
                change(rules.filter(({ key }) => key !== rule.key));
              }}
            />
          ))}
        </ol>
      )}
      {(put.isError || trying.isError) && (
        <CardBody>
          <Alert tone="danger">{errorText(put.error ?? trying.error)}</Alert>
        </CardBody>
      )}
      {trying.isSuccess && <TryOut outcome={trying.data} />}
      {reason === undefined && (
        <CardFooter>
          <Button
            disabled={trying.isPending}
            onClick={() => {
              trying.mutate(rules);
            }}
          >
            {trying.isPending ? <Spinner /> : <FlaskConicalIcon aria-hidden />} {t("tryOut")}
          </Button>
          <Button
            variant="primary"
            disabled={!isDirty || put.isPending}
            onClick={() => {
              put.mutate({ rules, version: policy.version });
            }}
          >
            {common("save")}
          </Button>
        </CardFooter>
      )}
      {edited !== undefined && (
        <RuleDialog
          key={edited.key}
          open
          rule={edited}
          onClose={() => {
            setEdited(undefined);
          }}
          onSave={(rule) => {
            replace(rule);
            setEdited(undefined);
          }}
        />
      )}
    </Card>
  );
}
