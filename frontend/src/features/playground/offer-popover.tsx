"use client";

import { Command } from "cmdk";
import { CheckIcon } from "lucide-react";
import { type ReactElement, useState } from "react";
import { useTranslations } from "use-intl";

import { OfferBadge } from "@/components/offer-badge";
import { Popover, PopoverContent, PopoverTrigger } from "@/components/ui/popover";
import { matching, type Offer, offerTitle } from "@/lib/data/offers";

interface OfferPopoverProps {
  trigger: ReactElement;
  label: string;
  offers: Offer[];
  chosen: Offer;
  onChoose: (name: string) => void;
}

/** The list below its button; open as it comes into the page. */
export function OfferPopover({ trigger, label, offers, chosen, onChoose }: OfferPopoverProps) {
  const t = useTranslations("tools");
  const [isOpen, setOpen] = useState(true);
  const [sought, setSought] = useState("");
  // The keyboard starts from what is chosen, and from what fits best once something is sought.
  const [pointed, setPointed] = useState(chosen.name);
  const found = matching(offers, sought);
  return (
    <Popover
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setSought("");
        setPointed(chosen.name);
      }}
    >
      <PopoverTrigger asChild>{trigger}</PopoverTrigger>
      <PopoverContent className="w-120 max-w-[calc(100vw-1rem)] p-0" aria-label={label}>
        <Command label={label} shouldFilter={false} value={pointed} onValueChange={setPointed}>
          <Command.Input
            value={sought}
            onValueChange={(text) => {
              setSought(text);
              setPointed(matching(offers, text)[0]?.name ?? "");
            }}
            placeholder={t("search", { count: offers.length })}
            className="h-9 w-full border-b border-border bg-transparent px-3 text-sm outline-none"
          />
          <Command.List className="thin-scrollbar max-h-80 overflow-y-auto p-1">
            <Command.Empty className="px-2 py-4 text-center text-sm text-muted-foreground">{t("noMatch")}</Command.Empty>
            {found.map((offer) => (
              <Command.Item
                key={offer.name}
                value={offer.name}
                className="row-in-sight flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 py-1 text-sm data-[selected=true]:bg-accent [&_svg]:size-4 [&_svg]:shrink-0"
                onSelect={() => {
                  setOpen(false);
                  onChoose(offer.name);
                }}
              >
                <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
                  {offer.name} {offerTitle(offer) !== offer.name && <span className="text-muted-foreground">({offerTitle(offer)})</span>}
                </span>
                <OfferBadge offer={offer} />
                {offer === chosen && <CheckIcon aria-hidden />}
              </Command.Item>
            ))}
          </Command.List>
        </Command>
      </PopoverContent>
    </Popover>
  );
}
