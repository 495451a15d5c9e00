"use client";

import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useFormatter, useTranslations } from "use-intl";

import type { Call } from "@/lib/data/activity";
import { keysQuery } from "@/lib/data/keys";
import { useNames } from "@/lib/data/members";
import { useAccess } from "@/lib/data/projects";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { CallOutcome } from "./call-outcome";
import { CodeBlock } from "./code-block";
import { CopyField } from "./copy-field";
import { Link } from "./link";
import { Refusal } from "./refusal";
import { Dialog, DialogBody, DialogContent } from "./ui/dialog";
import { useDuration } from "./use-duration";

const LINK = "underline underline-offset-2";

interface CallDetailsDialogProps {
  open: boolean;
  call: Call | undefined;
  onClose: () => void;
}

/** All that is known of one call: who made it with what, how it ended and why, and what was kept of its arguments. */
export function CallDetailsDialog({ open, call, onClose }: CallDetailsDialogProps) {
  return (
    <Dialog open={open} onOpenChange={onClose}>
      {call !== undefined && (
        <DialogContent heading={<span className="font-mono text-base [overflow-wrap:anywhere]">{call.target}</span>}>
          <DialogBody className="pb-5">
            {(call.outcome === "refused" || call.reason !== null) && <Refusal call={call} />}
            <Facts call={call} />
            <Arguments call={call} />
          </DialogBody>
        </DialogContent>
      )}
    </Dialog>
  );
}

function Facts({ call }: { call: Call }) {
  const t = useTranslations("activity");
  const format = useFormatter();
  const duration = useDuration();
  const ref = useProjectRef();
  const nameOf = useNames(ref);
  const { may } = useAccess();
  return (
    <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-6 gap-y-1.5 text-sm [&_dd]:[overflow-wrap:anywhere] [&_dt]:text-muted-foreground">
      <Fact label={t("when")}>{format.dateTime(new Date(call.at), { dateStyle: "medium", timeStyle: "long" })}</Fact>
      <Fact label={t("outcome")}>
        <span className="flex flex-wrap items-center gap-2">
          <CallOutcome call={call} />
          {call.code !== null && <code className="text-xs">{call.code}</code>}
        </span>
      </Fact>
      <Fact label={t("who")}>{nameOf(call.user_id) ?? t("formerMember")}</Fact>
      <Fact label={t("key")}>{call.key_id === null ? t("noKey") : <KeyName id={call.key_id} />}</Fact>
      <Fact label={t("client")}>{call.client}</Fact>
      {call.server !== "" && (
        <Fact label={t("server")}>
          <Link className={LINK} href={paths.server({ ...ref, server: call.server })}>
            {call.server}
          </Link>
          {call.outcome === "unavailable" && may("inspect") && (
            <>
              {" · "}
              <Link className={LINK} href={paths.serverLogs({ ...ref, server: call.server })}>
                {t("toLogs")}
              </Link>
            </>
          )}
        </Fact>
      )}
      <Fact label={t("kind")}>{t(`kinds.${call.kind as "tool"}`)}</Fact>
      <Fact label={t("duration")}>{duration(call.duration_ms)}</Fact>
      {call.waited_ms > 0 && <Fact label={t("waited")}>{duration(call.waited_ms)}</Fact>}
    </dl>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** The way to the key itself, as a call that should not have been is often made with one that leaked. */
function KeyName({ id }: { id: string }) {
  const ref = useProjectRef();
  const key = useQuery(keysQuery(ref)).data?.find((other) => other.id === id);
  if (key === undefined) return id;
  return (
    <Link className={LINK} href={paths.keys(ref, { show: "all", q: key.prefix })}>
      {key.name}
    </Link>
  );
}

function Arguments({ call }: { call: Call }) {
  const t = useTranslations("activity");
  if (typeof call.arguments === "string") {
    return (
      <>
        <CodeBlock code={indented(call.arguments)} what={t("arguments")} wrap />
        <p className="text-xs text-muted-foreground">{t("argumentsRedacted")}</p>
      </>
    );
  }
  if (typeof call.arguments_digest === "string") {
    return (
      <>
        <CopyField text={call.arguments_digest} what={t("digest")} />
        <p className="text-xs text-muted-foreground">{t("argumentsDigest")}</p>
      </>
    );
  }
  return <p className="text-xs text-muted-foreground">{t("argumentsNone")}</p>;
}

/** What was cut is no JSON any more, and stays as it is. */
function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2);
  } catch {
    return json;
  }
}
