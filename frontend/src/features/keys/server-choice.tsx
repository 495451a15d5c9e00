"use client";

import { useState } from "react";
import { useTranslations } from "use-intl";

import { Checkbox } from "@/components/ui/checkbox";
import { Input } from "@/components/ui/input";
import type { Server } from "@/lib/data/servers";

/** As many are looked through at a glance. */
const FEW = 10;

interface ServerChoiceProps {
  servers: readonly Server[];
  /** Aliases. */
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

/** Some of the servers. Where there are many, one is found by its name or alias. */
export function ServerChoice({ servers, chosen, onChange }: ServerChoiceProps) {
  const t = useTranslations("keys.scope");
  const [sought, seek] = useState("");
  const found = servers.filter(({ name, alias }) => `${name} ${alias}`.toLowerCase().includes(sought.trim().toLowerCase()));
  return (
    // It scrolls by itself, and keeps its height in a dialog that does so too. A fieldset is as wide as its longest word.
    <fieldset className="grid min-w-0 shrink-0 grid-cols-1 gap-1.5">
      <legend className="sr-only">{t("servers")}</legend>
      {servers.length > FEW && (
        <Input
          type="search"
          aria-label={t("findServer")}
          placeholder={t("findServer")}
          value={sought}
          onChange={(event) => {
            seek(event.target.value);
          }}
          onKeyDown={(event) => {
            // Who looks for a server has not finished the form.
            if (event.key === "Enter") event.preventDefault();
          }}
        />
      )}
      <div className="thin-scrollbar max-h-44 overflow-y-auto rounded-md border border-border p-1.5">
        {found.map(({ id, alias, name }) => (
          <label key={id} title={name} className="flex h-8 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm hover:bg-muted">
            <Checkbox
              checked={chosen.includes(alias)}
              onCheckedChange={(checked) => {
                const rest = chosen.filter((other) => other !== alias);
                onChange(checked === true ? [...rest, alias] : rest);
              }}
            />
            <span className="min-w-0 truncate">{name}</span>
          </label>
        ))}
        {found.length === 0 && <p className="px-2 py-1.5 text-sm text-muted-foreground">{t("noServerFound")}</p>}
      </div>
      <p role="status" className="text-xs text-muted-foreground">
        {t("chosen", { count: chosen.length })}
      </p>
    </fieldset>
  );
}
