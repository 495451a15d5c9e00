"use client";

import { lazy, Suspense, useState, useSyncExternalStore } from "react";

import { usePreload } from "@/lib/preload";
import { onToasts, toasts } from "@/lib/toasts";

const load = () => import("./toast-stack");
const ToastStack = lazy(() => load().then((module) => ({ default: module.ToastStack })));

/**
 * Shows what `toast` is told, in the corner and to screen readers. Fetched when the page has come to rest: what there is to
 * say may be that the daemon, which it would come from, is away.
 */
export function Toaster() {
  usePreload(load);
  const isNeeded = useSyncExternalStore(onToasts, toasts, toasts).length > 0;
  const [wasNeeded, setWasNeeded] = useState(isNeeded);
  if (isNeeded && !wasNeeded) setWasNeeded(true);
  if (!wasNeeded) return null;
  return (
    <Suspense>
      <ToastStack />
    </Suspense>
  );
}
