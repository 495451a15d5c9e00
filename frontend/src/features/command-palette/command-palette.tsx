"use client";

import { SearchIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslations } from "use-intl";

import { lazyDialog } from "@/components/lazy-dialog";
import { Button } from "@/components/ui/button";
import { Kbd } from "@/components/ui/kbd";

const PaletteDialog = lazyDialog(() => import("./palette-dialog").then((module) => module.PaletteDialog));

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
      // The dialog itself hears Escape only some renders after it is seen, and hands may be quicker than that.
      if (event.key === "Escape") setOpen(false);
    };
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <>
      <Button
        className="gap-2 text-muted-foreground"
        aria-label={t("open")}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        onClick={() => {
          setOpen(true);
        }}
      >
        <SearchIcon aria-hidden />
        <span className="max-sm:hidden">{t("search")}</span>
        <Kbd className="max-sm:hidden">{isApple() ? "⌘K" : "Ctrl K"}</Kbd>
      </Button>
      <PaletteDialog open={isOpen} onOpenChange={setOpen} />
    </>
  );
}

function isApple(): boolean {
  return /Mac|iPhone|iPad/.test(navigator.userAgent);
}
