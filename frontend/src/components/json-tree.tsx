"use client";

import { ChevronRightIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";

/** More members than that are shown on demand. */
const FIRST = 100;

/** JSON to look into: objects and arrays open and close. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <div
      role="region"
      aria-label={label}
      tabIndex={0}
      className="thin-scrollbar max-h-[32rem] overflow-auto rounded-md border border-border bg-muted p-3 font-mono text-xs leading-relaxed"
    >
      <Node value={value} depth={0} />
    </div>
  );
}

function Node({ name, value, depth }: { name?: string; value: unknown; depth: number }) {
  const t = useTranslations("common");
  const [isOpen, setOpen] = useState(depth < 2);
  const [shown, setShown] = useState(FIRST);
  if (typeof value !== "object" || value === null) {
    return (
      <div className="pl-4 [overflow-wrap:anywhere]">
        <Name name={name} />
        <Leaf value={value} />
      </div>
    );
  }
  const isList = Array.isArray(value);
  const members = Object.entries(value as Record<string, unknown>);
  const [open, close] = isList ? ["[", "]"] : ["{", "}"];
  if (members.length === 0) {
    return (
      <div className="pl-4">
        <Name name={name} />
        {open}
        {close}
      </div>
    );
  }
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(!isOpen);
        }}
        className="flex items-baseline rounded-sm text-left hover:bg-accent"
      >
        <ChevronRightIcon aria-hidden className={cn("size-3 w-4 shrink-0 self-center transition-transform", isOpen && "rotate-90")} />
        <Name name={name} />
        {isOpen ? open : `${open} ${members.length} ${close}`}
      </button>
      {isOpen && (
        <>
          <div className="ml-1.5 border-l border-border pl-2">
            {members.slice(0, shown).map(([key, member]) => (
              <Node key={key} name={isList ? undefined : key} value={member} depth={depth + 1} />
            ))}
            {members.length > shown && (
              <button
                type="button"
                className="pl-4 text-brand hover:underline"
                onClick={() => {
                  setShown(shown + 10 * FIRST);
                }}
              >
                {t("showMore")} ({members.length - shown})
              </button>
            )}
          </div>
          <div className="pl-4">{close}</div>
        </>
      )}
    </div>
  );
}

function Name({ name }: { name: string | undefined }) {
  if (name === undefined) return null;
  return <span className="mr-1.5 text-brand">{name}:</span>;
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === "string") return <span className="text-success">{JSON.stringify(value)}</span>;
  if (typeof value === "number") return <span className="text-info">{String(value)}</span>;
  return <span className="text-warning">{String(value)}</span>;
}
