"use client";

import { useQuery } from "@tanstack/react-query";
import { ExternalLinkIcon, FlaskConicalIcon } from "lucide-react";
import { useFormatter, useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { useErrorText } from "@/components/error-text";
import { JsonTree } from "@/components/json-tree";
import { Link } from "@/components/link";
import { Hidden } from "@/components/refusal";
import { RelativeTime } from "@/components/relative-time";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";

import { type Approval, approvalsQuery } from "@/lib/data/approvals";
import { useMe } from "@/lib/data/session";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { QuestionCard } from "./question-card";
import { ResultView } from "./result-view";
import type { CallState, LogEvent, Progress, useCall } from "./use-call";

/** How MCP says that there is nothing of the name: invalid params, and of resources in older revisions a code of its own. */
const NOTHING_THERE = [-32602, -32002];

/** What becomes of a call, as it happens. */
export function CallPanel({ state, cancel, answer }: Pick<ReturnType<typeof useCall>, "state" | "cancel" | "answer">) {
  const t = useTranslations("playground");
  const errorText = useErrorText();
  const approval = useAwaitedApproval(state);
  return (
    <div className="grid min-w-0 gap-4" aria-live="polite">
      {state.status === "idle" && (
        <Card className="max-lg:hidden">
          <EmptyState icon={FlaskConicalIcon} heading={t("notRun")} description={t("notRunHint")} />
        </Card>
      )}
      {state.status === "running" && (
        <Card>
          <CardHeader
            heading={
              <span className="flex items-center gap-2">
                <Spinner /> {state.questions.length > 0 ? t("waitsForYou") : approval !== undefined ? t("waitsForApproval") : t("running")}
              </span>
            }
            actions={
              <Button size="sm" onClick={cancel}>
                {t("cancelCall")}
              </Button>
            }
          />
          {approval !== undefined && <AwaitedApproval approval={approval} />}
          {state.progress !== undefined && (
            <CardBody>
              <ProgressBar progress={state.progress} />
            </CardBody>
          )}
        </Card>
      )}
      {state.questions.map((question) => (
        <QuestionCard key={`${state.call}-${question.question}`} question={question} onAnswer={answer} />
      ))}
      {state.status === "failed" && <Alert tone="danger">{errorText(state.failure)}</Alert>}
      {state.end !== undefined && <End state={state} />}
      {state.logs.length > 0 && <Logs logs={state.logs} />}
    </div>
  );
}

/** What the running call waits for, if a rule holds it back: the call itself says nothing until somebody has agreed. */
function useAwaitedApproval({ status, request }: CallState): Approval | undefined {
  const ref = useServerRef();
  const me = useMe();
  const { data = [] } = useQuery({ ...approvalsQuery(ref), enabled: status === "running" });
  if (status !== "running" || request === undefined) return undefined;
  return data.find(
    ({ state, user_id, server, server_id, kind, target }) =>
      state === "pending" && user_id === me.id && [server, server_id].includes(ref.server) && kind === request.kind && target === request.name,
  );
}

function AwaitedApproval({ approval }: { approval: Approval }) {
  const t = useTranslations("playground");
  const ref = useServerRef();
  return (
    <CardBody className="grid gap-2 text-sm text-muted-foreground">
      <p>
        {t(approval.caller_may_confirm ? "confirmHint" : "approvalHint")} {t("approvalExpires")} <RelativeTime at={approval.expires_at} future />.
      </p>
      {/* Beside this page: who leaves it cancels the call. */}
      <Link href={paths.approvals(ref)} target="_blank" rel="noopener" className="inline-flex items-center gap-1 justify-self-start text-brand hover:underline">
        {t("toApprovals")} <ExternalLinkIcon aria-hidden className="size-3.5" />
      </Link>
    </CardBody>
  );
}

function ProgressBar({ progress }: { progress: Progress }) {
  const t = useTranslations("playground");
  const format = useFormatter();
  const { progress: done, total, message } = progress;
  const share = total === null || total <= 0 ? undefined : Math.min(1, done / total);
  return (
    <div className="grid gap-1.5">
      <div className="flex justify-between gap-4 text-sm">
        <span className="min-w-0 [overflow-wrap:anywhere]">{message ?? t("progress")}</span>
        <span className="shrink-0 text-muted-foreground tabular">
          {total === null ? format.number(done) : `${format.number(done)} / ${format.number(total)}`}
        </span>
      </div>
      <progress
        aria-label={t("progress")}
        value={share}
        max={1}
        className="h-1.5 w-full appearance-none overflow-hidden rounded-full [&::-moz-progress-bar]:bg-info-mark [&::-webkit-progress-bar]:bg-muted [&::-webkit-progress-value]:bg-info-mark [&::-webkit-progress-value]:transition-all"
      />
    </div>
  );
}

function End({ state }: { state: CallState }) {
  const t = useTranslations("playground");
  const format = useFormatter();
  const ref = useServerRef();
  const end = state.end;
  if (end === undefined) return null;
  const isFailure = end.type === "error" || (end.type === "result" && (end.result as { isError?: boolean }).isError === true);
  const tone = end.type === "cancelled" ? "warning" : isFailure ? "danger" : "success";
  return (
    <Card>
      <CardHeader
        heading={t("result")}
        actions={
          <>
            <span className="text-sm text-muted-foreground tabular">{t("duration", { ms: format.number(Math.round(end.duration_ms)) })}</span>
            <Badge tone={tone}>{t(end.type === "result" && isFailure ? "outcome.toolError" : `outcome.${end.type}`)}</Badge>
          </>
        }
      />
      <CardBody>
        {end.type === "result" && <ResultView result={end.result} />}
        {end.type === "cancelled" && <p className="text-sm text-muted-foreground">{t("cancelled")}</p>}
        {end.type === "error" && (
          <div className="grid gap-3">
            <Alert tone="danger" heading={t("errorCode", { code: String(end.code) })}>
              {end.message}
            </Alert>
            {end.data !== null && <JsonTree value={end.data} label={t("errorData")} />}
            {/* What is hidden is answered as what is not there. */}
            {NOTHING_THERE.includes(end.code) && state.request !== undefined && <Hidden server={ref.server} kind={state.request.kind} name={state.request.name} />}
          </div>
        )}
      </CardBody>
    </Card>
  );
}

function Logs({ logs }: { logs: LogEvent[] }) {
  const t = useTranslations("playground");
  return (
    <Card>
      <CardHeader heading={t("messages")} />
      <ul role="list" tabIndex={0} aria-label={t("messages")} className="thin-scrollbar max-h-64 overflow-auto p-3 font-mono text-xs leading-relaxed">
        {logs.map((log, index) => (
          <li key={index} className="[overflow-wrap:anywhere] whitespace-pre-wrap">
            <span className="text-muted-foreground">{log.level}</span> {log.logger !== null && <span className="text-brand">{log.logger} </span>}
            {typeof log.data === "string" ? log.data : JSON.stringify(log.data)}
          </li>
        ))}
      </ul>
    </Card>
  );
}
