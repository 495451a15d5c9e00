"use client";

import {
  EllipsisIcon,
  PlayIcon,
  PowerIcon,
  PowerOffIcon,
  RotateCwIcon,
  SettingsIcon,
  SquareIcon,
  SquareTerminalIcon,
  Trash2Icon,
} from "lucide-react";
import { Link } from "@/components/link";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { Button } from "@/components/ui/button";
import {
  DropdownMenu,
  DropdownMenuItem,
  DropdownMenuSeparator,
} from "@/components/ui/dropdown-menu";
import { useRoleReason } from "@/components/use-role-reason";
import { mainVerb, otherVerbs, type ServerVerb, useServerVerb } from "@/lib/data/server-verbs";
import type { Server } from "@/lib/data/servers";
import { paths, type ProjectRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useDeleteServer } from "./mutations";

const ICONS = { start: PlayIcon, stop: SquareIcon, restart: RotateCwIcon, enable: PowerIcon, disable: PowerOffIcon };

interface ServerActionsProps {
  project: ProjectRef;
  server: Server;
  /** Shows words, for the head of a page. */
  labelled?: boolean;
  onDeleted?: () => void;
}

export function ServerActions({ project, server, labelled = false, onDeleted }: ServerActionsProps) {
  const t = useTranslations("servers");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const reason = useRoleReason("manageServers");
  const run = useServerVerb(project);
  const remove = useDeleteServer(project);
  const [isDeleting, setDeleting] = useState(false);
  const act = (verb: ServerVerb) => {
    run.mutate(
      { verb, server: server.alias },
      {
        onError: (cause) => {
          toast.error(t(`failed.${verb}`, { name: server.name }), { detail: errorText(cause) });
        },
      },
    );
  };
  const main = mainVerb(server);
  const MainIcon = ICONS[main];
  const ref = { ...project, server: server.alias };
  return (
    <div className="flex items-center justify-end gap-1">
      <GuardedButton
        reason={reason}
        variant={labelled ? "secondary" : "ghost"}
        size={labelled ? "md" : "icon-sm"}
        aria-label={labelled ? undefined : `${t(`verb.${main}`)}: ${server.name}`}
        onClick={() => {
          act(main);
        }}
      >
        <MainIcon /> {labelled && t(`verb.${main}`)}
      </GuardedButton>
      <DropdownMenu
        trigger={
          <Button variant={labelled ? "secondary" : "ghost"} size={labelled ? "icon" : "icon-sm"} aria-label={common("moreFor", { name: server.name })}>
            <EllipsisIcon />
          </Button>
        }
      >
        {otherVerbs(server).map((verb) => {
          const Icon = ICONS[verb];
          return (
            <DropdownMenuItem
              key={verb}
              disabled={reason !== undefined}
              onSelect={() => {
                act(verb);
              }}
            >
              <Icon /> {t(`verb.${verb}`)}
            </DropdownMenuItem>
          );
        })}
        <DropdownMenuItem asChild>
          <Link href={paths.playground(ref)}>
            <SquareTerminalIcon /> {t("openPlayground")}
          </Link>
        </DropdownMenuItem>
        <DropdownMenuItem asChild>
          <Link href={paths.serverSettings(ref)}>
            <SettingsIcon /> {t("openSettings")}
          </Link>
        </DropdownMenuItem>
        <DropdownMenuSeparator />
        <DropdownMenuItem
          tone="danger"
          disabled={reason !== undefined}
          onSelect={() => {
            setDeleting(true);
          }}
        >
          <Trash2Icon /> {common("delete")}
        </DropdownMenuItem>
      </DropdownMenu>
      <ConfirmDialog
        open={isDeleting}
        onOpenChange={setDeleting}
        heading={t("deleteHeading", { name: server.name })}
        description={t("deleteDescription")}
        action={t("deleteAction")}
        word={server.alias}
        mutation={remove}
        variables={server.alias}
        onDone={onDeleted}
      />
    </div>
  );
}
