"use client";

import { MenuIcon } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslations } from "use-intl";

import { Button } from "@/components/ui/button";
import { Dialog, DialogTrigger, SheetContent } from "@/components/ui/dialog";

import { Breadcrumb } from "./breadcrumb";
import { ConnectionIndicator } from "./connection-indicator";
import { Sidebar } from "./sidebar";

export function Topbar({ search }: { search?: ReactNode }) {
  const t = useTranslations("shell");
  const [isOpen, setOpen] = useState(false);
  return (
    <header className="sticky top-0 z-10 flex h-12 items-center gap-2 border-b border-border bg-background/92 px-4 backdrop-blur-sm sm:px-6">
      <Dialog open={isOpen} onOpenChange={setOpen}>
        <DialogTrigger asChild>
          <Button variant="ghost" size="icon" aria-label={t("openNavigation")} className="-ml-2 lg:hidden">
            <MenuIcon />
          </Button>
        </DialogTrigger>
        <SheetContent heading={t("mainNavigation")}>
          <Sidebar
            onNavigate={() => {
              setOpen(false);
            }}
          />
        </SheetContent>
      </Dialog>
      <Breadcrumb />
      <div className="ml-auto flex shrink-0 items-center gap-3">
        <ConnectionIndicator />
        {search}
      </div>
    </header>
  );
}
