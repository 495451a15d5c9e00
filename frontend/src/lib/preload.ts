import { useEffect } from "react";

const asked = new WeakSet<() => Promise<unknown>>();

/** Fetches code that is not needed yet, once the page has come to rest. `load` is one function, made outside of components. */
export function usePreload(load: () => Promise<unknown>): void {
  useEffect(() => {
    if (asked.has(load)) return;
    asked.add(load);
    // When it fails it is asked for again, and the failure shown, where it is needed.
    const run = () => void load().catch(() => undefined);
    if ("requestIdleCallback" in window) requestIdleCallback(run, { timeout: 4_000 });
    else setTimeout(run, 1_000);
  }, [load]);
}
