"use client";

import { type ReactNode } from "react";
import { type Messages, useMessages, useTranslations } from "use-intl";

import type { AuditAction, AuditEntry, AuditNoun } from "@/lib/data/audit";

import { RelativeTime } from "./relative-time";
import { Badge } from "./ui/badge";

type Fact = AuditEntry["facts"][number];
type WordGroup = keyof Messages["audit"]["word"];

/** Facts that are shown elsewhere, or that say less than another one. */
const APART: Fact["name"][] = ["as", "project", "login", "rule_id"];

/** Actions whose sentence says all: what else was written of them is for who reads the record itself. */
const SAID: AuditAction[] = ["encryption.begin", "login.end_others", "secrets.adopt", "user.change_password"];

/** Which words the values of a fact are; the others are names and numbers, and stand as they are. */
const WORDS: Partial<Record<Fact["name"], WordGroup>> = {
  role: "role",
  needs: "role",
  kind: "kind",
  through: "through",
  delivery: "delivery",
  part: "part",
  refused: "refused",
  reason: "reason",
  changed: "changed",
  set: "set",
};

/** The same of facts that are names in other actions: `before` may be a role or a slug, `changed` a part or a rule. */
const WORDS_OF: Partial<Record<AuditNoun, Partial<Record<Fact["name"], WordGroup | null>>>> = {
  member: { before: "role", now: "role" },
  team_member: { before: "role", now: "role" },
  project_team: { before: "role", now: "role" },
  policy: { changed: null },
};

interface AuditRowsProps {
  entries: AuditEntry[];
  /**
   * What is called by an id now; undefined for what is gone. Only where entries of many projects are shown, and once it
   * is known.
   */
  projectOf?: (id: string) => string | undefined;
}

/** Who did what to what, a line each. */
export function AuditRows({ entries, projectOf }: AuditRowsProps) {
  const t = useTranslations("audit");
  return (
    <ul className="divide-y divide-border">
      {entries.map((entry) => {
        const project = projectOf === undefined || entry.project_id === null ? undefined : (projectOf(entry.project_id) ?? valueOf(entry, "project") ?? (entry.target.kind === "project" ? entry.target.name : t("goneProject")));
        return (
          <li key={entry.id} className="row-in-sight flex items-baseline gap-x-3 px-4 py-2 text-sm">
            <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
              <Sentence entry={entry} />
              <Facts entry={entry} />
            </div>
            <div className="flex shrink-0 flex-wrap items-baseline justify-end gap-x-3 gap-y-1 max-sm:max-w-28">
              {valueOf(entry, "as") !== undefined && <Badge tone="info">{t("asInstanceAdmin")}</Badge>}
              {project !== undefined && <Badge tone="outline">{project}</Badge>}
              <RelativeTime at={entry.at} className="text-xs text-muted-foreground" />
            </div>
          </li>
        );
      })}
    </ul>
  );
}

function valueOf(entry: AuditEntry, name: Fact["name"]): string | undefined {
  return entry.facts.find((fact) => fact.name === name)?.value;
}

/** Whether there is a text at a path. An entry of a later version may have words that are not known here. */
function isText(texts: object, path: string): boolean {
  const found = path.split(".").reduce<unknown>((at, part) => (typeof at === "object" && at !== null && Object.hasOwn(at, part) ? at[part as keyof typeof at] : undefined), texts);
  // One that takes values is an array once it is compiled; what holds texts is an object.
  return typeof found === "string" || Array.isArray(found);
}

/** What happened, in the language of who reads it. */
function Sentence({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("audit");
  const messages = (useMessages() as Messages).audit.action;
  const actor =
    entry.user_email !== null
      ? t("actor", { name: entry.user_email })
      : entry.via === "console"
        ? t("console")
        : entry.via === "system"
          ? t("system")
          : t("nobody");
  const name = entry.target.kind === "instance" ? t("instance") : entry.target.name === "" ? t("unnamed") : entry.target.name;
  const values = { actor, name, b: (text: ReactNode) => <strong className="font-medium">{text}</strong> };
  return (
    <p title={entry.action}>
      {isText(messages, entry.action) ? t.rich(`action.${entry.action}`, values) : t.rich("unknownAction", { ...values, action: entry.action })}
    </p>
  );
}

/** What more is known: by name, or what a version before names wrote. */
function Facts({ entry }: { entry: AuditEntry }) {
  const t = useTranslations("audit");
  const wordOf = useWords(entry.action);
  const facts = entry.facts.filter((fact) => !APART.includes(fact.name));
  if (facts.length === 0) {
    return entry.facts.length === 0 && entry.detail !== "" && !SAID.includes(entry.action) ? <p className="text-muted-foreground">{entry.detail}</p> : null;
  }
  return (
    <dl className="flex flex-wrap gap-x-3 text-muted-foreground">
      {named(facts).map(([name, values]) => (
        <div key={name} className="flex min-w-0 gap-x-1">
          <dt className="shrink-0">{t(`fact.${name}`)}:</dt>
          <dd className="min-w-0 text-foreground/90">{values.map((value) => wordOf(name, value)).join(", ")}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Values with the same name stand together. */
function named(facts: Fact[]): [Fact["name"], string[]][] {
  const all = new Map<Fact["name"], string[]>();
  for (const { name, value } of facts) all.set(name, [...(all.get(name) ?? []), value]);
  return [...all];
}

/** Gives the word of a value in the language of who reads; the value itself where it is a name. */
function useWords(action: string): (name: Fact["name"], value: string) => string {
  const t = useTranslations("audit");
  const words = (useMessages() as Messages).audit.word;
  const own = WORDS_OF[action.split(".")[0] as AuditNoun];
  return (name, value) => {
    const group = own?.[name] === undefined ? WORDS[name] : own[name];
    if (group === undefined || group === null) return value;
    // Some have a name or a number behind the word, as in `env TOKEN`.
    const [word = "", ...rest] = group === "changed" || group === "set" ? value.split(" ") : [value];
    const key = `${group}.${word}` as "kind.tool";
    return isText(words, key) ? [t(`word.${key}`), ...rest].join(" ") : value;
  };
}
