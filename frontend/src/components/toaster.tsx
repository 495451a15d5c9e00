"use client";

import { lazy, Suspense, useState, useSyncExternalStore } from "react";

import { onToasts, toasts } from "@/lib/toasts";

/** Fetched when there is something to say for the first time. */
const ToastStack = lazy(() => import("./toast-stack").then((module) => ({ default: module.ToastStack })));

/** Shows what `toast` is told, in the corner and to screen readers. */
export function Toaster() {
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
