"use client";

import { PlayIcon, PowerIcon, PowerOffIcon, RotateCwIcon, SquareIcon, Trash2Icon, XIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { useErrorText } from "@/components/error-text";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import type { Server } from "@/lib/data/servers";
import type { ProjectRef } from "@/lib/paths";

import { type BulkWork, useBulk } from "./mutations";

const VERBS = [
  ["start", PlayIcon],
  ["stop", SquareIcon],
  ["restart", RotateCwIcon],
  ["enable", PowerIcon],
  ["disable", PowerOffIcon],
] as const;

/** What can be done with all chosen servers at once, how far it is, and what went wrong. Nothing where none is chosen. */
export function BulkBar({ project, servers, onClear }: { project: ProjectRef; servers: Server[]; onClear: () => void }) {
  const t = useTranslations("servers");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const bulk = useBulk(project);
  const [done, setDone] = useState(0);
  const [isDeleting, setDeleting] = useState(false);
  const work = (verb: BulkWork["verb"]): BulkWork => ({ verb, servers, onStep: setDone });
  const count = bulk.variables?.servers.length ?? 0;
  const progress = bulk.isPending ? t("progress", { done: Math.min(done, count), count }) : undefined;
  const failures = bulk.data ?? [];
  if (servers.length === 0 && !bulk.isPending && failures.length === 0) return null;
  return (
    <div
      role="region"
      aria-label={t("bulk")}
      className="sticky bottom-4 z-10 mx-auto mt-4 grid w-fit max-w-full gap-1.5 rounded-lg bg-popover px-2 py-1.5 shadow-popover animate-in"
    >
      {failures.length > 0 && (
        <Alert
          tone="danger"
          heading={t("failedOf", { failed: failures.length, count })}
          actions={
            <Button
              variant="ghost"
              size="icon-sm"
              aria-label={common("close")}
              className="self-start"
              onClick={() => {
                bulk.reset();
              }}
            >
              <XIcon />
            </Button>
          }
        >
          {/* What scrolls is reached with the keyboard. */}
          <ul tabIndex={0} aria-label={t("failedList")} className="thin-scrollbar mt-1 grid max-h-48 gap-1 overflow-y-auto">
            {failures.map(({ server, cause }) => (
              <li key={server.id}>
                <span className="font-medium">{server.name}</span>: {errorText(cause)}
              </li>
            ))}
          </ul>
        </Alert>
      )}
      <div className="flex flex-wrap items-center justify-center gap-1">
        <span role="status" className="flex items-center gap-2 px-2 text-sm font-medium tabular">
          {bulk.isPending && <Spinner />}
          {progress ?? common("selected", { count: servers.length })}
        </span>
        {VERBS.map(([verb, Icon]) => (
          <Button
            key={verb}
            variant="ghost"
            size="sm"
            disabled={bulk.isPending || servers.length === 0}
            onClick={() => {
              setDone(0);
              bulk.mutate(work(verb));
            }}
          >
            <Icon /> {t(`verb.${verb}`)}
          </Button>
        ))}
        <Button
          variant="ghost"
          size="sm"
          className="text-danger"
          disabled={bulk.isPending || servers.length === 0}
          onClick={() => {
            setDone(0);
            setDeleting(true);
          }}
        >
          <Trash2Icon /> {common("delete")}
        </Button>
        <Button
          variant="ghost"
          size="icon-sm"
          aria-label={common("clear")}
          onClick={() => {
            bulk.reset();
            onClear();
          }}
          disabled={bulk.isPending}
        >
          <XIcon />
        </Button>
      </div>
      <ConfirmDialog
        open={isDeleting}
        onOpenChange={setDeleting}
        heading={t("deleteManyHeading", { count: bulk.isPending ? count : servers.length })}
        description={t("deleteDescription")}
        action={progress ?? t("deleteManyAction", { count: servers.length })}
        mutation={bulk}
        variables={work("delete")}
      />
    </div>
  );
}
