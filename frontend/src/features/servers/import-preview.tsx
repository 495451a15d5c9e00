"use client";

import { useTranslations } from "use-intl";

import { Alert } from "@/components/ui/alert";
import { Badge, type Tone } from "@/components/ui/badge";
import { Card, CardHeader } from "@/components/ui/card";
import type { Schemas } from "@/lib/api/client";

const TONES: Record<Schemas["ImportAction"], Tone> = { create: "success", update: "info", unchanged: "neutral" };

/** What an import does to each server, and what of the file was not understood. */
export function ImportPreview({ result }: { result: Schemas["ImportView"] }) {
  const t = useTranslations("import");
  const { servers, problems, warnings, dry_run: isDry } = result;
  return (
    <>
      {problems.length > 0 && (
        <Alert tone="danger" heading={t("problems", { count: problems.length })}>
          <FieldProblems problems={problems} />
        </Alert>
      )}
      {servers.length > 0 && (
        <Card>
          <CardHeader heading={isDry ? t("will") : t("did")} />
          <ul className="divide-y divide-border">
            {servers.map((server) => (
              <li key={server.alias} className="flex items-start gap-3 px-4 py-2.5 text-sm">
                <div className="min-w-0 flex-1">
                  <p className="font-medium [overflow-wrap:anywhere]">{server.name}</p>
                  <p className="text-xs text-muted-foreground">
                    <span className="font-mono">{server.alias}</span>
                    {server.changes.length > 0 && ` · ${t("changes", { what: server.changes.join(", ") })}`}
                  </p>
                </div>
                <Badge tone={TONES[server.action]}>{t(`action.${server.action}`)}</Badge>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {warnings.length > 0 && (
        <Alert tone="warning" heading={t("warnings", { count: warnings.length })}>
          <FieldProblems problems={warnings} />
        </Alert>
      )}
    </>
  );
}

export function FieldProblems({ problems }: { problems: readonly Schemas["FieldError"][] }) {
  const t = useTranslations("import");
  return (
    <ul className="mt-1 grid gap-1">
      {problems.map(({ field, problem, hint, line }, index) => (
        <li key={index}>
          {field !== "" && <code className="font-mono text-xs">{field}</code>}
          {field !== "" && line != null && " "}
          {line != null && <span className="text-xs text-muted-foreground">{t("line", { line })}</span>}
          {(field !== "" || line != null) && ": "}
          {problem}
          {hint !== "" && <span className="text-muted-foreground"> – {hint}</span>}
        </li>
      ))}
    </ul>
  );
}
