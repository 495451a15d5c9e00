"use client";

import { useQuery } from "@tanstack/react-query";
import { FlaskConicalIcon, PlusIcon } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslations } from "use-intl";

import { ErrorPanel } from "@/components/error-panel";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { lazyDialog } from "@/components/lazy-dialog";
import { SaveProblem } from "@/components/save-problem";
import { NotForRole } from "@/components/not-for-role";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Skeleton } from "@/components/ui/skeleton";
import { useOpened } from "@/components/use-opened";
import { useRoleReason } from "@/components/use-role-reason";
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
  const unseen = useRoleReason("inspect");
  const policy = useQuery({ ...policyQuery(useProjectRef()), enabled: unseen === undefined });
  if (unseen !== undefined) {
    return (
      <Card>
        <CardHeader heading={t("heading")} />
        <NotForRole reason={unseen} />
      </Card>
    );
  }
  if (policy.isPending) return <Skeleton className="h-40" />;
  if (policy.isLoadingError) {
    return (
      <Card>
        <CardHeader heading={t("heading")} />
        <ErrorPanel error={policy.error} onRetry={() => void policy.refetch()} />
      </Card>
    );
  }
  return <RulesEditor policy={policy.data} reason={reason} />;
}

const rulesOf = ({ rules }: Policy) => rules;

function RulesEditor({ policy, reason }: { policy: Policy; reason: string | undefined }) {
  const t = useTranslations("rules");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const [draft, setDraft] = useState<RuleDraft[]>();
  const isDirty = draft !== undefined;
  useUnsaved(isDirty);
  const put = usePutPolicy(ref);
  const trying = useTryPolicy(ref);
  const [edited, setEdited] = useState<RuleDraft>();
  usePreload(loadRuleDialog);
  const { opened, shown, overtaken } = useOpened(policy, rulesOf, isDirty || edited !== undefined);
  const before = useMemo(() => shown.rules.map(draftOf), [shown]);
  const rules = draft ?? before;
  // What was tried out says nothing of other rules.
  const tried = trying.variables === rules ? trying : undefined;
  const replace = (rule: RuleDraft) => {
    const isThere = rules.some(({ key }) => key === rule.key);
    setDraft(isThere ? rules.map((other) => (other.key === rule.key ? rule : other)) : [...rules, rule]);
  };
  return (
    <Card>
      <CardHeader
        heading={t("heading")}
        description={t("description")}
        actions={
          <GuardedButton
            reason={reason}
            // What is changed while it is saved would be taken for saved.
            disabled={put.isPending}
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
              isLocked={reason !== undefined || put.isPending}
              onChange={replace}
              onEdit={() => {
                setEdited(rule);
              }}
              onMove={(by) => {
                setDraft(moved(rules, index, index + by));
              }}
              onDelete={() => {
                setDraft(rules.filter(({ key }) => key !== rule.key));
              }}
            />
          ))}
        </ol>
      )}
      {(put.isError || overtaken !== undefined || tried?.isError === true) && (
        <CardBody className="grid gap-4">
          <SaveProblem
            save={put}
            overtaken={
              overtaken && {
                ...overtaken,
                takeTheirs: () => {
                  setDraft(undefined);
                  overtaken.takeTheirs();
                },
              }
            }
          />
          {tried?.isError === true && <Alert tone="danger">{errorText(tried.error)}</Alert>}
        </CardBody>
      )}
      {tried?.isSuccess === true && <TryOut outcome={tried.data} />}
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
              put.mutate(
                { rules, version: opened.version },
                {
                  onSuccess: () => {
                    setDraft(undefined);
                    toast.success(common("saved"));
                  },
                },
              );
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
