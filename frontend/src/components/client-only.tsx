"use client";

import { type ReactNode, useSyncExternalStore } from "react";

const never = () => () => undefined;

/** What depends on the browser. The exported files have `fallback` in its place. */
export function ClientOnly({ children, fallback }: { children: ReactNode; fallback?: ReactNode }) {
  const isBrowser = useSyncExternalStore(
    never,
    () => true,
    () => false,
  );
  return isBrowser ? children : fallback;
}
