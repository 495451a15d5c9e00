"use client";

import { SearchIcon } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { Button } from "@/components/ui/button";
import { Kbd } from "@/components/ui/kbd";

/** Fetched when it is opened for the first time. */
const Palette = lazy(() => import("./palette").then((module) => ({ default: module.Palette })));

/** Finds projects, servers, tools, pages and actions. Opens with Ctrl or Cmd and K. */
export function CommandPalette() {
  const t = useTranslations("palette");
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey) && !event.altKey) {
        event.preventDefault();
        setOpen((open) => !open);
      }
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <Primitive.Root open={isOpen} onOpenChange={setOpen}>
      <Primitive.Trigger asChild>
        <Button className="gap-2 text-muted-foreground" aria-label={t("open")}>
          <SearchIcon aria-hidden />
          <span className="max-sm:hidden">{t("search")}</span>
          <Kbd className="max-sm:hidden">{isApple() ? "⌘K" : "Ctrl K"}</Kbd>
        </Button>
      </Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Overlay className="fixed inset-0 z-40 animate-fade bg-black/45 dark:bg-black/65" />
        <Primitive.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100vw-2rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl bg-popover shadow-popover animate-fade"
        >
          <Primitive.Title className="sr-only">{t("title")}</Primitive.Title>
          <Suspense fallback={<div className="h-40" />}>
            <Palette
              onDone={() => {
                setOpen(false);
              }}
            />
          </Suspense>
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
