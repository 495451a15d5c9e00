"use client";

import { useQuery } from "@tanstack/react-query";
import { CheckIcon } from "lucide-react";
import { Link } from "@/components/link";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { CONNECTION } from "@/components/connection-card";
import { Spinner } from "@/components/spinner";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/lib/cn";
import { useAccess } from "@/lib/data/projects";
import type { Server } from "@/lib/data/servers";
import { paths, type ProjectRef } from "@/lib/paths";

import { firstKeyQuery } from "./queries";

interface SetupStepsProps {
  project: ProjectRef;
  servers: Server[];
  hasCalls: boolean;
}

/** From an empty project to the first call; steps tick themselves off. */
export function SetupSteps({ project, servers, hasCalls }: SetupStepsProps) {
  const t = useTranslations("overview.setup");
  const { may } = useAccess();
  const hasKey = useQuery(firstKeyQuery(project)).data === true;
  const hasServers = servers.length > 0;
  return (
    <Card>
      <CardHeader heading={t("heading")} description={t("description")} />
      <ol className="divide-y divide-border">
        <Step number={1} done={hasServers} current={!hasServers} heading={t("servers")} hint={t(may("manageServers") ? "serversHint" : "serversAsk")}>
          {may("manageServers") && (
            <>
              <Button asChild size="sm" variant={hasServers ? "secondary" : "primary"}>
                <Link href={paths.importServers(project)}>{t("import")}</Link>
              </Button>
              <Button asChild size="sm">
                <Link href={paths.addServer(project)}>{t("catalog")}</Link>
              </Button>
            </>
          )}
        </Step>
        <Step number={2} done={hasKey} current={hasServers && !hasKey} heading={t("key")} hint={t("keyHint")}>
          <Button asChild size="sm" variant={hasServers && !hasKey ? "primary" : "secondary"}>
            <Link href={paths.keys(project, { new: "1" })}>{t("key")}</Link>
          </Button>
        </Step>
        <Step number={3} done={hasCalls} current={hasKey && hasServers} heading={t("connect")} hint={t.rich("connectHint", { link: (chunks) => <a href={`#${CONNECTION}`} className="underline underline-offset-2 hover:text-foreground">{chunks}</a> })} />
        <Step number={4} done={hasCalls} current={hasKey && hasServers} heading={t("call")} hint={t("callHint")}>
          {hasKey && hasServers && !hasCalls && <Spinner className="text-muted-foreground" />}
        </Step>
      </ol>
    </Card>
  );
}

interface StepProps {
  number: number;
  done: boolean;
  current: boolean;
  heading: string;
  hint: ReactNode;
  children?: ReactNode;
}

function Step({ number, done, current, heading, hint, children }: StepProps) {
  const t = useTranslations("overview.setup");
  return (
    <li aria-current={current ? "step" : undefined} className="flex flex-wrap items-center gap-3 px-4 py-3">
      <span
        className={cn(
          "flex size-6 shrink-0 items-center justify-center rounded-full border border-border text-xs font-semibold tabular text-muted-foreground",
          current && "border-foreground text-foreground",
          done && "border-transparent bg-success-subtle text-success",
        )}
      >
        {done ? <CheckIcon aria-label={t("done")} className="size-3.5" /> : number}
      </span>
      <div className="min-w-0 flex-1 basis-52">
        <p className={cn("text-sm font-medium", done && "text-muted-foreground")}>{heading}</p>
        {!done && <p className="text-sm text-muted-foreground">{hint}</p>}
      </div>
      {!done && children !== undefined && <div className="flex gap-2">{children}</div>}
    </li>
  );
}
