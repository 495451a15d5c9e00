"use client";

import { PlayIcon, RotateCwIcon, SquareIcon } from "lucide-react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { mainVerb, otherVerbs, useServerVerb } from "@/lib/data/server-verbs";
import type { Server } from "@/lib/data/servers";
import type { ProjectRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { narrow } from "./narrow";
import { Entry } from "./palette-entry";

const ICONS = { start: PlayIcon, stop: SquareIcon, restart: RotateCwIcon };
const VERBS = ["start", "stop", "restart"] as const;

/** More are found by more words. */
const MOST = 10;

interface ServerVerbsProps {
  project: ProjectRef;
  servers: Server[];
  typed: string;
  onDone: () => void;
}

/** What can be done with servers from here, each as its state allows. */
export function ServerVerbs({ project, servers, typed, onDone }: ServerVerbsProps) {
  const t = useTranslations("palette");
  const words = useTranslations("servers");
  const errorText = useErrorText();
  const run = useServerVerb(project);
  const possible = servers.flatMap((server) => {
    const verbs = [mainVerb(server), ...otherVerbs(server)];
    return VERBS.filter((verb) => verbs.includes(verb)).map((verb) => ({ verb, ...server, text: t(`verb.${verb}`, { name: server.name }) }));
  });
  const found = narrow(possible, typed, ({ text, alias }) => `${text} ${alias}`).slice(0, MOST);
  return found.map(({ verb, alias, name, text }) => (
    <Entry
      key={`${alias} ${verb}`}
      value={`action ${verb} ${alias}`}
      keywords={[text]}
      icon={ICONS[verb]}
      hint={alias}
      onSelect={() => {
        onDone();
        // The palette is gone when the answer comes.
        run.mutateAsync({ verb, server: alias }).then(
          () => {
            toast.success(t(`did.${verb}`, { name }));
          },
          (cause: unknown) => {
            toast.error(words(`failed.${verb}`, { name }), { detail: errorText(cause) });
          },
        );
      }}
    >
      {text}
    </Entry>
  ));
}
