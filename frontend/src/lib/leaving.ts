/** Whether a page may be left: not for one that cannot be fetched, and not without a word about what is not saved. */
import { useEffect } from "react";

import { connection } from "./api/connection";

const unsaved = new Set<symbol>();

/** For a form with changes that would be lost. The browser asks before it closes the page, `hindrance` tells our links. */
export function useUnsaved(isDirty: boolean): void {
  useEffect(() => {
    if (!isDirty) return undefined;
    const form = Symbol();
    const ask = (event: BeforeUnloadEvent) => {
      event.preventDefault();
    };
    unsaved.add(form);
    window.addEventListener("beforeunload", ask);
    return () => {
      unsaved.delete(form);
      window.removeEventListener("beforeunload", ask);
    };
  }, [isDirty]);
}

/** What speaks against going to another page now. Without the daemon the browser would put its own error in the place of ours. */
export function hindrance(): "offline" | "unsaved" | undefined {
  if (connection() === "lost") return "offline";
  return unsaved.size > 0 ? "unsaved" : undefined;
}
