"use client";

import { PlayIcon, PowerIcon, PowerOffIcon, RotateCwIcon, SquareIcon, Trash2Icon, XIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { useErrorText } from "@/components/error-text";
import { Spinner } from "@/components/spinner";
import { Button } from "@/components/ui/button";
import type { Server } from "@/lib/data/servers";
import type { ProjectRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { type ServerVerb, useDeleteServers, useServerVerb } from "./mutations";

const VERBS = [
  ["start", PlayIcon],
  ["stop", SquareIcon],
  ["restart", RotateCwIcon],
  ["enable", PowerIcon],
  ["disable", PowerOffIcon],
] as const;

/** What can be done with all chosen servers at once. */
export function BulkBar({ project, servers, onClear }: { project: ProjectRef; servers: Server[]; onClear: () => void }) {
  const t = useTranslations("servers");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const run = useServerVerb(project);
  const remove = useDeleteServers(project);
  const [isDeleting, setDeleting] = useState(false);
  const aliases = servers.map((server) => server.alias);
  const act = (verb: ServerVerb) => {
    run.mutate(
      { verb, servers: aliases },
      {
        onError: (cause) => {
          toast.error(t("failed.some"), { detail: errorText(cause) });
        },
      },
    );
  };
  return (
    <div
      role="region"
      aria-label={t("bulk")}
      className="sticky bottom-4 z-10 mx-auto mt-4 flex w-fit max-w-full flex-wrap items-center justify-center gap-1 rounded-lg bg-popover px-2 py-1.5 shadow-popover animate-in"
    >
      <span className="flex items-center gap-2 px-2 text-sm font-medium tabular">
        {run.isPending && <Spinner />}
        {common("selected", { count: servers.length })}
      </span>
      {VERBS.map(([verb, Icon]) => (
        <Button
          key={verb}
          variant="ghost"
          size="sm"
          disabled={run.isPending}
          onClick={() => {
            act(verb);
          }}
        >
          <Icon /> {t(`verb.${verb}`)}
        </Button>
      ))}
      <Button
        variant="ghost"
        size="sm"
        className="text-danger"
        onClick={() => {
          setDeleting(true);
        }}
      >
        <Trash2Icon /> {common("delete")}
      </Button>
      <Button variant="ghost" size="icon-sm" aria-label={common("clear")} onClick={onClear}>
        <XIcon />
      </Button>
      <ConfirmDialog
        open={isDeleting}
        onOpenChange={setDeleting}
        heading={t("deleteManyHeading", { count: servers.length })}
        description={t("deleteDescription")}
        action={t("deleteManyAction", { count: servers.length })}
        mutation={remove}
        variables={aliases}
        onDone={onClear}
      />
    </div>
  );
}
