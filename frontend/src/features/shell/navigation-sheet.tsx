"use client";

import { useTranslations } from "use-intl";

import { Dialog, SheetContent } from "@/components/ui/dialog";

import { Sidebar } from "./sidebar";

/** The sidebar of small screens. */
export function NavigationSheet({ open, onOpenChange }: { open: boolean; onOpenChange: (open: boolean) => void }) {
  const t = useTranslations("shell");
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <SheetContent heading={t("mainNavigation")}>
        <Sidebar
          onNavigate={() => {
            onOpenChange(false);
          }}
        />
      </SheetContent>
    </Dialog>
  );
}
