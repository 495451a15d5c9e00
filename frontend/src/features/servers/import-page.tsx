"use client";

import { CircleCheckIcon, FileJsonIcon, UploadIcon } from "lucide-react";
import { Link } from "@/components/link";
import { type DragEvent, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { GuardedButton } from "@/components/guarded-button";
import { PageHeader } from "@/components/page-header";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Textarea } from "@/components/ui/input";
import { useRoleReason } from "@/components/use-role-reason";
import { toApiError } from "@/lib/api/errors";
import { cn } from "@/lib/cn";
import { useUnsaved } from "@/lib/leaving";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { FieldProblems, ImportPreview } from "./import-preview";
import { useImport } from "./mutations";

const EXAMPLE = `{
  "mcpServers": {
    "everything": {
      "command": "npx",
      "args": ["-y", "@modelcontextprotocol/server-everything"]
    }
  }
}`;

/** No file of a client is this large. */
const MOST_BYTES = 1_000_000;

export function ImportPage() {
  const t = useTranslations("import");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const reason = useRoleReason("manageServers");
  const preview = useImport(ref, { dryRun: true });
  const run = useImport(ref, { dryRun: false });
  const [text, setText] = useState("");
  const [isOver, setOver] = useState(false);
  const [fileProblem, setFileProblem] = useState<string>();
  const picker = useRef<HTMLInputElement>(null);
  useUnsaved(text.trim() !== "" && !run.isSuccess);

  const change = (next: string) => {
    setText(next);
    setFileProblem(undefined);
    run.reset();
    if (next.trim() === "") preview.reset();
    else preview.mutate(next);
  };
  const take = (file: File | undefined) => {
    if (file === undefined) return;
    if (file.size > MOST_BYTES) setFileProblem(t("tooLarge"));
    else void file.text().then(change);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (reason === undefined) take(event.dataTransfer.files[0]);
  };

  if (run.isSuccess) {
    return (
      <>
        <PageHeader title={t("title")} />
        <div className="grid gap-4">
          <Alert tone="success" heading={t("imported", { count: run.data.servers.length })}>
            {t("importedNext")}
          </Alert>
          <ImportPreview result={run.data} />
          <div className="flex flex-wrap gap-2">
            <Button asChild variant="primary">
              <Link href={paths.servers(ref)}>{t("toServers")}</Link>
            </Button>
            <Button asChild>
              <Link href={paths.keys(ref)}>{t("toKeys")}</Link>
            </Button>
          </div>
        </div>
      </>
    );
  }

  const problem = preview.isError ? toApiError(preview.error) : undefined;
  const isReady = preview.isSuccess && preview.data.problems.length === 0;
  const changing = preview.data?.servers.filter((server) => server.action !== "unchanged").length ?? 0;
  return (
    <>
      <PageHeader title={t("title")} description={t("description")} />
      <form
        className="grid items-start gap-4 lg:grid-cols-2"
        onSubmit={(event) => {
          event.preventDefault();
          run.mutate(text);
        }}
      >
        <div
          className={cn("grid gap-2 rounded-lg", isOver && "outline-2 outline-offset-4 outline-ring outline-dashed")}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(reason === undefined);
          }}
          onDragLeave={() => {
            setOver(false);
          }}
          onDrop={drop}
        >
          <Textarea
            aria-label={t("file")}
            placeholder={EXAMPLE}
            spellCheck={false}
            autoCapitalize="off"
            className="thin-scrollbar min-h-80 resize-y font-mono text-xs leading-relaxed"
            disabled={reason !== undefined}
            value={text}
            onChange={(event) => {
              change(event.target.value);
            }}
          />
          <div className="flex flex-wrap items-center justify-between gap-2 text-xs text-muted-foreground">
            <span>{t("pasteOrDrop")}</span>
            <GuardedButton
              reason={reason}
              size="sm"
              onClick={() => {
                picker.current?.click();
              }}
            >
              <FileJsonIcon /> {t("choose")}
            </GuardedButton>
            <input
              ref={picker}
              type="file"
              hidden
              aria-label={t("choose")}
              accept=".json,.jsonc,application/json"
              onChange={(event) => {
                take(event.target.files?.[0]);
                event.target.value = "";
              }}
            />
          </div>
        </div>
        <div aria-live="polite" className="grid min-w-0 gap-3">
          {reason !== undefined && <Alert tone="info">{reason}</Alert>}
          {fileProblem !== undefined && <Alert tone="danger">{fileProblem}</Alert>}
          {problem !== undefined && (
            <Alert tone="danger" heading={t("unreadable")}>
              {problem.fields.length > 0 ? <FieldProblems problems={problem.fields} /> : errorText(problem)}
            </Alert>
          )}
          {run.isError && (
            <Alert tone="danger" heading={t("failed")}>
              {errorText(run.error)}
            </Alert>
          )}
          {preview.data === undefined && problem === undefined && (
            <div className="rounded-lg border border-dashed border-border px-5 py-8 text-sm text-muted-foreground">
              <p className="font-medium text-foreground">{t("previewHeading")}</p>
              <p className="mt-1">{t("previewDescription")}</p>
              <ul className="mt-3 grid gap-1.5">
                {(["whole", "secrets", "kept"] as const).map((point) => (
                  <li key={point} className="flex gap-2">
                    <CircleCheckIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-success" /> {t(`points.${point}`)}
                  </li>
                ))}
              </ul>
            </div>
          )}
          {preview.data !== undefined && <ImportPreview result={preview.data} />}
          {isReady && (
            <div className="flex justify-end">
              <SubmitButton pending={run.isPending} disabled={changing === 0}>
                <UploadIcon /> {changing === 0 ? t("nothingToDo") : t("submit", { count: changing })}
              </SubmitButton>
            </div>
          )}
        </div>
      </form>
    </>
  );
}
