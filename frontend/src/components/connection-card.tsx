"use client";

import { useQuery } from "@tanstack/react-query";
import { ExternalLinkIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useAccess } from "@/lib/data/projects";
import { type Snippet, snippetsQuery, snippetsWithKeyQuery } from "@/lib/data/snippets";

import { CodeBlock } from "./code-block";
import { CopyField } from "./copy-field";
import { ErrorPanel } from "./error-panel";
import { Button } from "./ui/button";
import { Card, CardBody, CardHeader } from "./ui/card";
import { Select } from "./ui/input";
import { Skeleton } from "./ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "./ui/tabs";

interface ConnectionProps {
  project: string;
  /** One server; the unified endpoint without one. */
  server?: string;
  /** A key that was just made, to stand in the text. */
  apiKey?: string;
}

const CHOSEN = "orch.client";

/** Where the card is on its page, for links to it. */
export const CONNECTION = "connect";

/** How to connect a client, for who can have a key; everybody else reads whom to ask. */
export function ConnectionCard({ description, ...props }: { description: string } & ConnectionProps) {
  const t = useTranslations("connection");
  const { may } = useAccess();
  const hasKeys = may("useOwnKeys");
  return (
    <Card id={CONNECTION} tabIndex={-1} className="scroll-mt-16 outline-none">
      <CardHeader heading={t("title")} description={hasKeys ? description : undefined} />
      <CardBody>{hasKeys ? <Connection {...props} /> : <p className="text-sm text-muted-foreground">{t("withoutKeys")}</p>}</CardBody>
    </Card>
  );
}

/** The endpoint, and what each client needs to reach it. */
export function Connection({ project, server, apiKey }: ConnectionProps) {
  const t = useTranslations("connection");
  const plain = useQuery({ ...snippetsQuery({ project, server }), enabled: apiKey === undefined });
  const keyed = useQuery({ ...snippetsWithKeyQuery({ project, server }, apiKey ?? ""), enabled: apiKey !== undefined });
  const { data, error, refetch } = apiKey === undefined ? plain : keyed;
  const [client, setClient] = useState(() => localStorage.getItem(CHOSEN) ?? "");
  if (data === undefined) {
    return error === null ? <Skeleton className="h-52" /> : <ErrorPanel error={error} onRetry={() => void refetch()} />;
  }
  const choose = (next: string) => {
    localStorage.setItem(CHOSEN, next);
    setClient(next);
  };
  const chosen = data.items.find((snippet) => snippet.client === client) ?? data.items[0];
  return (
    <div className="grid gap-3">
      <CopyField text={data.url} what={t("endpoint")} />
      {chosen !== undefined && (
        <Tabs value={chosen.client} onValueChange={choose} className="grid min-w-0 gap-3">
          <Select
            aria-label={t("client")}
            value={chosen.client}
            className="sm:hidden"
            onChange={(event) => {
              choose(event.target.value);
            }}
          >
            {data.items.map((snippet) => (
              <option key={snippet.client} value={snippet.client}>
                {snippet.title}
              </option>
            ))}
          </Select>
          <TabsList aria-label={t("client")} className="flex-wrap max-sm:hidden">
            {data.items.map((snippet) => (
              <TabsTrigger key={snippet.client} value={snippet.client}>
                {snippet.title}
              </TabsTrigger>
            ))}
          </TabsList>
          <TabsContent value={chosen.client} tabIndex={-1}>
            <SnippetSteps snippet={chosen} hasKey={apiKey !== undefined} />
          </TabsContent>
        </Tabs>
      )}
    </div>
  );
}

function SnippetSteps({ snippet, hasKey }: { snippet: Snippet; hasKey: boolean }) {
  const t = useTranslations("connection");
  return (
    <div className="grid min-w-0 gap-3 text-sm">
      {snippet.command !== null && (
        <>
          <p className="text-muted-foreground">{t("run")}</p>
          <CodeBlock code={snippet.command} what={t("command")} wrap />
        </>
      )}
      {snippet.install_link !== null && (
        <Button asChild variant="primary" className="justify-self-start">
          <a href={snippet.install_link}>
            <ExternalLinkIcon /> {t("install", { client: snippet.title })}
          </a>
        </Button>
      )}
      <p className="text-muted-foreground [overflow-wrap:anywhere]">
        {t.rich(snippet.command === null && snippet.install_link === null ? "write" : "orWrite", {
          file: () => <code className="rounded-sm bg-muted px-1 font-mono text-xs text-foreground">{snippet.files[0] ?? ""}</code>,
        })}
      </p>
      <CodeBlock code={snippet.text} what={t("settings")} />
      {!hasKey && <p className="text-xs text-muted-foreground">{t("replaceKey")}</p>}
    </div>
  );
}
