"use client";

import { DownloadIcon } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslations } from "use-intl";

import { areReversed, type Days } from "@/lib/days";

import { AddressInput } from "./address-input";
import { Button } from "./ui/button";
import { Select } from "./ui/input";
import { Switch } from "./ui/switch";

interface FilterBarProps {
  /** What narrows the list, without its days. */
  children: ReactNode;
  days: Days;
  onDays: (days: Partial<Days>) => void;
  /** Undefined where nothing narrows it. */
  onClear: (() => void) | undefined;
  /** How many entries are there, and whether there are more of them. */
  count: number;
  hasMore: boolean;
  isLive: boolean;
  onLive: (isLive: boolean) => void;
  /** Undefined where there is nothing to save. */
  onSave: (() => void) | undefined;
}

/** Above a list of what happened: what narrows it, and at the end what is done with it. Stays while the list is fetched anew. */
export function FilterBar({ children, days, onDays, onClear, count, hasMore, isLive, onLive, onSave }: FilterBarProps) {
  const t = useTranslations("filterBar");
  return (
    <div className="mb-3 flex flex-wrap items-center gap-x-3 gap-y-2">
      {children}
      <div className="flex gap-x-3 max-sm:w-full">
        <Day label={t("from")} value={days.from} onChoose={(from) => { onDays({ from }); }} />
        <Day label={t("until")} value={days.until} onChoose={(until) => { onDays({ until }); }} />
      </div>
      {onClear !== undefined && (
        <Button size="sm" variant="ghost" onClick={onClear}>
          {t("clear")}
        </Button>
      )}
      {count > 0 && !areReversed(days) && <span className="text-sm text-muted-foreground tabular">{t(hasMore ? "countOfMore" : "count", { count })}</span>}
      <div className="ml-auto flex items-center gap-4">
        <label className="flex items-center gap-2 text-sm">
          <Switch checked={isLive} onCheckedChange={onLive} />
          {t("live")}
        </label>
        <Button size="sm" disabled={onSave === undefined} onClick={onSave}>
          <DownloadIcon aria-hidden /> {t("export")}
        </Button>
      </div>
    </div>
  );
}

/** In place of a list whose days are the wrong way round, which is not asked for. */
export function WrongDays() {
  return <p role="alert" className="px-4 py-10 text-center text-sm text-muted-foreground">{useTranslations("filterBar")("wrongOrder")}</p>;
}

export interface Option {
  id: string;
  name: string;
}

interface ChoiceProps {
  label: string;
  /** No choice. */
  every: string;
  value: string;
  options: readonly Option[];
  disabled?: boolean;
  onChoose: (id: string) => void;
}

export function Choice({ label, every, value, options, disabled, onChoose }: ChoiceProps) {
  return (
    <Select
      aria-label={label}
      // On a phone two stand side by side.
      className="max-sm:min-w-0 max-sm:flex-1 max-sm:basis-36 sm:max-w-44"
      disabled={disabled}
      value={value}
      onChange={(event) => {
        onChoose(event.target.value);
      }}
    >
      <option value="">{every}</option>
      {/* What a link names and the list does not have, such as a project that is gone. */}
      {value !== "" && !options.some((option) => option.id === value) && <option value={value}>{value}</option>}
      {options.map((option) => (
        <option key={option.id} value={option.id}>
          {option.name}
        </option>
      ))}
    </Select>
  );
}

/** By whom it was. */
export function PersonChoice(props: Pick<ChoiceProps, "value" | "options" | "onChoose">) {
  const t = useTranslations("filterBar");
  return <Choice label={t("people")} every={t("everybody")} {...props} />;
}

/** Whether its year is still being written: 0002 on the way to 2026. */
function isHalf(day: string): boolean {
  return day.startsWith("0");
}

function Day({ label, value, onChoose }: { label: string; value: string; onChoose: (day: string) => void }) {
  return (
    <label className="flex items-center gap-x-1.5 gap-y-1 text-sm text-muted-foreground max-sm:min-w-0 max-sm:flex-1 max-sm:flex-col max-sm:items-start">
      {label}
      <AddressInput
        type="date"
        max="9999-12-31"
        className="sm:w-36"
        value={value}
        onText={(day) => {
          if (!isHalf(day)) onChoose(day);
        }}
      />
    </label>
  );
}
