"use client";

import { ChevronsUpDownIcon } from "lucide-react";
import { lazy } from "react";

import { LazyTrigger } from "@/components/lazy-trigger";
import { type Offer, offerTitle } from "@/lib/data/offers";

const load = () => import("./offer-popover");
const OfferPopover = lazy(() => load().then((module) => ({ default: module.OfferPopover })));

interface OfferChoiceProps {
  label: string;
  offers: Offer[];
  chosen: Offer;
  onChoose: (name: string) => void;
}

/** What is chosen of what a server offers, with its whole name. Opens a list with a search: there may be hundreds. */
export function OfferChoice({ label, offers, chosen, onChoose }: OfferChoiceProps) {
  const title = offerTitle(chosen);
  const trigger = (
    <button
      type="button"
      aria-label={`${label}: ${chosen.name}`}
      className="flex min-h-8 max-w-full min-w-60 items-center gap-2 rounded-md border border-input bg-background px-2.5 py-1 text-left text-base transition-colors hover:border-foreground/50 max-sm:w-full"
    >
      <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        {chosen.name} {title !== chosen.name && <span className="text-muted-foreground">({title})</span>}
      </span>
      <ChevronsUpDownIcon aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
    </button>
  );
  return (
    <LazyTrigger trigger={trigger} opens="dialog" load={load}>
      {() => <OfferPopover trigger={trigger} label={label} offers={offers} chosen={chosen} onChoose={onChoose} />}
    </LazyTrigger>
  );
}
