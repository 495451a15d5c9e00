"use client";

import { Dialog as Primitive } from "radix-ui";
import { useTranslations } from "use-intl";

import { Palette } from "./palette";

export function PaletteDialog({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("palette");
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 animate-fade bg-black/45 dark:bg-black/65" />
        <Primitive.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl bg-popover shadow-popover animate-fade"
        >
          <Primitive.Title className="sr-only">{t("title")}</Primitive.Title>
          <Palette
            onDone={() => {
              onOpenChange(false);
            }}
          />
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
