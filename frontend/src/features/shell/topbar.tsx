"use client";

import { MenuIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import { lazyDialog } from "@/components/lazy-dialog";
import { Button } from "@/components/ui/button";

import { Breadcrumb } from "./breadcrumb";
import { ConnectionIndicator } from "./connection-indicator";

const NavigationSheet = lazyDialog(() => import("./navigation-sheet").then((module) => module.NavigationSheet));

export function Topbar({ search }: { search?: ReactNode }) {
  const t = useTranslations("shell");
  const [isOpen, setOpen] = useState(false);
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-border bg-background/92 px-4 backdrop-blur-sm sm:px-6">
      <Button
        variant="ghost"
        size="icon"
        aria-label={t("openNavigation")}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        className="-ml-2 lg:hidden"
        onClick={() => {
          setOpen(true);
        }}
      >
        <MenuIcon />
      </Button>
      <NavigationSheet open={isOpen} onOpenChange={setOpen} />
      <Breadcrumb />
      <div className="ml-auto flex shrink-0 items-center gap-3">
        <ConnectionIndicator />
        {search}
      </div>
    </header>
  );
}
