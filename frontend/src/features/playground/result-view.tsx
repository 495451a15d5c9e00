"use client";

import { ExternalLinkIcon, FileIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { CodeBlock } from "@/components/code-block";
import { JsonTree } from "@/components/json-tree";
import { Alert } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";

/** One block of content, as all revisions of the protocol have it. */
interface Content {
  type?: string;
  text?: string;
  data?: string;
  blob?: string;
  mimeType?: string;
  uri?: string;
  name?: string;
  title?: string;
  description?: string;
  resource?: Content;
}

interface Result {
  content?: Content[];
  contents?: Content[];
  messages?: { role?: string; content?: Content | Content[] }[];
  structuredContent?: unknown;
  isError?: boolean;
}

const IMAGES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;
const AUDIO = /^audio\/[\w.+-]+$/;

/** What a call has brought, by the types of its content. Nothing of it is run: markup is shown as text. */
export function ResultView({ result: raw }: { result: unknown }) {
  const t = useTranslations("playground");
  const [isRaw, setRaw] = useState(false);
  const result = raw as Result;
  // Servers repeat structured content as text for older clients.
  const structured = result.structuredContent === undefined ? undefined : JSON.stringify(result.structuredContent);
  const isRepeated = (block: Content) => structured !== undefined && block.text !== undefined && JSON.stringify(asJson(block.text, "")) === structured;
  const blocks = [...(result.content ?? []), ...(result.contents ?? [])].filter((block) => !isRepeated(block));
  const isEmpty = blocks.length === 0 && result.messages === undefined && result.structuredContent === undefined;
  return (
    <div className="grid min-w-0 gap-3">
      {result.isError === true && <Alert tone="danger">{t("toolError")}</Alert>}
      {isRaw || isEmpty ? (
        <JsonTree value={raw} label={t("rawResult")} />
      ) : (
        <>
          {result.structuredContent !== undefined && (
            <section className="grid gap-1.5">
              <h3 className="text-sm font-medium">{t("structured")}</h3>
              <JsonTree value={result.structuredContent} label={t("structured")} />
            </section>
          )}
          {blocks.map((block, index) => (
            <ContentView key={index} content={block} />
          ))}
          {result.messages?.map((message, index) => (
            <div key={index} className="grid gap-1.5">
              <Badge tone="outline" className="justify-self-start">
                {message.role}
              </Badge>
              {[message.content ?? []].flat().map((block, at) => (
                <ContentView key={at} content={block} />
              ))}
            </div>
          ))}
        </>
      )}
      {!isEmpty && (
        <Button
          variant="link"
          size="sm"
          className="justify-self-start"
          onClick={() => {
            setRaw(!isRaw);
          }}
        >
          {isRaw ? t("showRendered") : t("showRaw")}
        </Button>
      )}
    </div>
  );
}

export function ContentView({ content }: { content: Content }) {
  const t = useTranslations("playground");
  const { text, mimeType = "" } = content;
  const data = content.data ?? content.blob;
  if (content.type === "resource" && content.resource !== undefined) return <ContentView content={content.resource} />;
  if (content.type === "resource_link") return <ResourceLink content={content} />;
  if (data !== undefined && IMAGES.test(mimeType)) {
    return (
      // A picture of the server's own, which no loader of ours could know.
      // eslint-disable-next-line @next/next/no-img-element
      <img
        src={`data:${mimeType};base64,${data}`}
        alt={content.title ?? content.name ?? t("image", { type: mimeType })}
        className="max-h-96 max-w-full justify-self-start rounded-md border border-border bg-muted object-contain"
      />
    );
  }
  if (data !== undefined && AUDIO.test(mimeType)) {
    return <audio controls src={`data:${mimeType};base64,${data}`} aria-label={t("audio", { type: mimeType })} className="w-full max-w-md" />;
  }
  if (text !== undefined) {
    const parsed = asJson(text, mimeType);
    return (
      <div className="grid min-w-0 gap-1">
        {content.uri !== undefined && <p className="font-mono text-xs text-muted-foreground [overflow-wrap:anywhere]">{content.uri}</p>}
        {parsed === undefined ? <CodeBlock wrap code={text} what={t("text")} /> : <JsonTree value={parsed} label={t("text")} />}
      </div>
    );
  }
  if (data !== undefined) return <Download content={content} data={data} />;
  return <JsonTree value={content} label={t("unknownContent")} />;
}

/** Text that is JSON is better looked into than read. */
function asJson(text: string, mimeType: string): unknown {
  if (!/^\s*[[{]/.test(text) && !mimeType.endsWith("json")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function ResourceLink({ content }: { content: Content }) {
  const { uri = "", title, name, description } = content;
  return (
    <div className="flex items-start gap-2.5 rounded-md border border-border p-3 text-sm">
      <FileIcon aria-hidden className="mt-0.5 size-4 shrink-0 text-muted-foreground" />
      <div className="min-w-0">
        <p className="font-medium">{title ?? name ?? uri}</p>
        {description !== undefined && <p className="text-muted-foreground">{description}</p>}
        {/^https?:\/\//.test(uri) ? (
          <a href={uri} target="_blank" rel="noreferrer noopener" className="inline-flex items-center gap-1 font-mono text-xs text-brand underline [overflow-wrap:anywhere]">
            {uri} <ExternalLinkIcon aria-hidden className="size-3 shrink-0" />
          </a>
        ) : (
          <p className="font-mono text-xs [overflow-wrap:anywhere]">{uri}</p>
        )}
      </div>
    </div>
  );
}

function Download({ content, data }: { content: Content; data: string }) {
  const t = useTranslations("playground");
  const mimeType = content.mimeType ?? "application/octet-stream";
  const name = content.name ?? content.uri?.split("/").pop() ?? "data";
  return (
    <div className="flex flex-wrap items-center gap-2 rounded-md border border-border p-3 text-sm">
      <FileIcon aria-hidden className="size-4 text-muted-foreground" />
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        {name} <span className="text-muted-foreground">({mimeType})</span>
      </span>
      <Button size="sm" asChild>
        {/* Never opened in the page: a document of a server must not run here. */}
        <a href={`data:application/octet-stream;base64,${data}`} download={name}>
          {t("download")}
        </a>
      </Button>
    </div>
  );
}
