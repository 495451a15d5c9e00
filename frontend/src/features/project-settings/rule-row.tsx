"use client";

import { ArrowDownIcon, ArrowUpIcon, PencilIcon, Trash2Icon } from "lucide-react";
import { useTranslations } from "use-intl";

import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Switch } from "@/components/ui/switch";
import { cn } from "@/lib/cn";
import { useNames } from "@/lib/data/members";
import { useProjectRef } from "@/lib/route";

import { type Effect, HINTS, type RuleDraft, subjectValue } from "./rules";

const TONES: Record<Effect, Tone> = { allow: "success", deny: "danger", require_approval: "warning" };

interface RuleRowProps {
  rule: RuleDraft;
  place: number;
  isLast: boolean;
  isLocked: boolean;
  onChange: (rule: RuleDraft) => void;
  onEdit: () => void;
  onMove: (by: 1 | -1) => void;
  onDelete: () => void;
}

/** One rule in a sentence, with what can be done to it. */
export function RuleRow({ rule, place, isLast, isLocked, onChange, onEdit, onMove, onDelete }: RuleRowProps) {
  const t = useTranslations("rules");
  const common = useTranslations("common");
  const name = rule.name === "" ? t("place", { place }) : rule.name;
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 px-4 py-2.5">
      <Switch
        aria-label={t("enabled", { name })}
        checked={rule.enabled}
        disabled={isLocked}
        onCheckedChange={(enabled) => {
          onChange({ ...rule, enabled });
        }}
      />
      <div className={cn("min-w-0 flex-1 basis-60", !rule.enabled && "text-muted-foreground")}>
        <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
          <span className="text-muted-foreground tabular">{place}.</span> {name}
          <Badge tone={TONES[rule.effect]}>{t(`effect.${rule.effect}`)}</Badge>
        </p>
        <Sentence rule={rule} />
      </div>
      {!isLocked && (
        <div className="flex">
          <Button variant="ghost" size="icon-sm" aria-label={t("up", { name })} disabled={place === 1} onClick={() => { onMove(-1); }}>
            <ArrowUpIcon />
          </Button>
          <Button variant="ghost" size="icon-sm" aria-label={t("down", { name })} disabled={isLast} onClick={() => { onMove(1); }}>
            <ArrowDownIcon />
          </Button>
          <Button variant="ghost" size="icon-sm" aria-label={`${common("edit")} ${name}`} onClick={onEdit}>
            <PencilIcon />
          </Button>
          <Button variant="ghost" size="icon-sm" aria-label={`${common("delete")} ${name}`} onClick={onDelete}>
            <Trash2Icon />
          </Button>
        </div>
      )}
    </li>
  );
}

function Sentence({ rule: { subject, object } }: { rule: RuleDraft }) {
  const t = useTranslations("rules");
  const nameOf = useNames(useProjectRef());
  const value = subjectValue(subject);
  const who = subject.type === "anybody" ? t("subject.anybody") : `${t(`subject.${subject.type}`)} ${nameOf(value) ?? value}`;
  const hints = HINTS.flatMap((hint) => {
    const wanted = object.annotations?.[hint];
    return typeof wanted === "boolean" ? [`${t(`hint.${hint}`)}: ${wanted ? t("yes") : t("no")}`] : [];
  });
  const what = [
    object.kind === null ? t("kind.any") : t(`kind.${object.kind}`),
    object.name !== null && object.name,
    object.server !== null && t("onServer", { server: object.server }),
    ...hints,
  ].filter((part): part is string => typeof part === "string");
  return (
    <p className="text-sm text-muted-foreground [overflow-wrap:anywhere]">
      {who} → {what.join(", ")}
    </p>
  );
}
