"use client";

import { useEffect, useEffectEvent } from "react";
import { useTranslations } from "use-intl";

import { beforeTraversals, hindrance } from "@/lib/leaving";
import { toast } from "@/lib/toasts";

/** Says whether to go to another page now, and why not. */
export function useMayLeave(): () => boolean {
  const t = useTranslations("common");
  return () => {
    switch (hindrance()) {
      case undefined:
        return true;
      case "unsaved":
        return window.confirm(t("leaveUnsaved"));
      case "offline":
        toast.error(t("leaveOffline"));
        return false;
    }
  };
}

/** The browser's back and forward ask as links do. Stands once, in the frame of all pages. */
export function useGuardedTraversals(): void {
  const mayLeave = useEffectEvent(useMayLeave());
  useEffect(() => beforeTraversals(() => mayLeave()), []);
}
