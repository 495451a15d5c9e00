/** Rules as they are edited: what the daemon sent, with a key of the page's own for each. */
import type { Schemas } from "@/lib/api/client";
import type { Rule } from "@/lib/data/policy";

export type RuleDraft = Omit<Rule, "id"> & { key: string; id?: string };
export type Subject = Rule["subject"];
export type Effect = Rule["effect"];

export const SUBJECTS = ["anybody", "role", "user", "team", "key", "client"] as const satisfies Subject["type"][];
export const EFFECTS = ["allow", "deny", "require_approval"] as const satisfies Effect[];
export const HINTS = ["read_only", "destructive", "idempotent", "open_world"] as const;

let keys = 0;
function newKey(): string {
  keys += 1;
  return `new-${keys}`;
}

export function draftOf(rule: Rule): RuleDraft {
  return { ...rule, key: rule.id };
}

export function newRule(): RuleDraft {
  return {
    key: newKey(),
    name: "",
    enabled: true,
    subject: { type: "anybody" },
    object: { server: null, kind: null, name: null, annotations: {} },
    effect: "deny",
    approval: null,
  };
}

/** Whether it is about everything, for everybody: nothing narrows it. */
export function isWhole({ subject, object }: RuleDraft): boolean {
  const { server, kind, name, annotations } = object;
  const isNarrowed = Object.values(annotations ?? {}).some((wanted) => typeof wanted === "boolean");
  return subject.type === "anybody" && server === null && kind === null && name === null && !isNarrowed;
}

export function emptySubject(type: Subject["type"]): Subject {
  switch (type) {
    case "anybody":
      return { type };
    case "role":
      return { type, role: "member" };
    case "user":
      return { type, user: "" };
    case "team":
      return { type, team: "" };
    case "key":
      return { type, key: "" };
    case "client":
      return { type, client: "" };
  }
}

/** What a subject names, beside its type. */
export function subjectValue(subject: Subject): string {
  switch (subject.type) {
    case "anybody":
      return "";
    case "role":
      return subject.role;
    case "user":
      return subject.user;
    case "team":
      return subject.team;
    case "key":
      return subject.key;
    case "client":
      return subject.client;
  }
}

export function withSubjectValue(subject: Subject, value: string): Subject {
  switch (subject.type) {
    case "anybody":
      return subject;
    case "role":
      return { type: "role", role: value as Schemas["Role"] };
    case "user":
      return { type: "user", user: value };
    case "team":
      return { type: "team", team: value };
    case "key":
      return { type: "key", key: value };
    case "client":
      return { type: "client", client: value };
  }
}

export function requestOf({ key: _key, ...rule }: RuleDraft): Schemas["RuleRequest"] {
  return { ...rule, approval: rule.effect === "require_approval" ? rule.approval : null };
}

export function moved<T>(list: readonly T[], from: number, to: number): T[] {
  const rest = [...list];
  const [item] = rest.splice(from, 1);
  if (item === undefined || to < 0 || to > rest.length) return [...list];
  rest.splice(to, 0, item);
  return rest;
}
