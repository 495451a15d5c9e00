"use client";

import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Checkbox } from "@/components/ui/checkbox";
import { Select, Textarea } from "@/components/ui/input";
import type { Schemas } from "@/lib/api/client";
import { serversQuery } from "@/lib/data/servers";
import { useProjectRef } from "@/lib/route";

import { ServerChoice } from "./server-choice";

export interface ScopeValues {
  /** Aliases; undefined is all, also those that come later. */
  servers: string[] | undefined;
  /** One name or glob a line; empty is all. */
  tools: string;
  readOnly: boolean;
}

export const WHOLE_SCOPE: ScopeValues = { servers: undefined, tools: "", readOnly: false };

export function toScope({ servers, tools, readOnly }: ScopeValues): Schemas["KeyScopeRequest"] {
  const globs = tools.split(/[\n,]/).map((glob) => glob.trim()).filter((glob) => glob !== "");
  return { servers: servers ?? null, tools: globs.length === 0 ? null : globs, read_only: readOnly };
}

/** The scope of a key that is there. A server that is gone is left out: nothing can be reached there. */
export function scopeValues({ servers, tools, read_only }: Schemas["KeyScope"], known: readonly { id: string; alias: string }[]): ScopeValues {
  return {
    servers: servers?.flatMap((id) => known.find((server) => server.id === id)?.alias ?? []) ?? undefined,
    tools: tools?.join("\n") ?? "",
    readOnly: read_only,
  };
}

/** What a key may of what its creator may. */
export function ScopeFields({ value, onChange }: { value: ScopeValues; onChange: (value: ScopeValues) => void }) {
  const t = useTranslations("keys.scope");
  const servers = useQuery(serversQuery(useProjectRef())).data ?? [];
  const readOnlyId = useId();
  const chosen = value.servers;
  return (
    <>
      <Field label={t("servers")}>
        {(field) => (
          <Select
            {...field}
            value={chosen === undefined ? "all" : "some"}
            onChange={(event) => {
              onChange({ ...value, servers: event.target.value === "all" ? undefined : [] });
            }}
          >
            <option value="all">{t("allServers")}</option>
            <option value="some">{t("someServers")}</option>
          </Select>
        )}
      </Field>
      {chosen !== undefined && (
        <ServerChoice
          servers={servers}
          chosen={chosen}
          onChange={(next) => {
            onChange({ ...value, servers: next });
          }}
        />
      )}
      <Field label={t("tools")} optional hint={t("toolsHint")}>
        {(field) => (
          <Textarea
            {...field}
            rows={2}
            spellCheck={false}
            placeholder={"get_*\nsearch"}
            className="min-h-0 font-mono text-xs"
            value={value.tools}
            onChange={(event) => {
              onChange({ ...value, tools: event.target.value });
            }}
          />
        )}
      </Field>
      <div className="flex items-start gap-2.5">
        <Checkbox
          id={readOnlyId}
          className="mt-0.5"
          checked={value.readOnly}
          onCheckedChange={(checked) => {
            onChange({ ...value, readOnly: checked === true });
          }}
        />
        <label htmlFor={readOnlyId} className="cursor-pointer text-sm">
          <span className="block font-medium">{t("readOnly")}</span>
          <span className="block text-xs text-muted-foreground">{t("readOnlyHint")}</span>
        </label>
      </div>
    </>
  );
}
