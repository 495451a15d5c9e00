/** Whether a page may be left: not for one that cannot be fetched, and not without a word about what is not saved. */
import { useEffect } from "react";

import { connection } from "./api/connection";

const unsaved = new Set<symbol>();

/** For a form with changes that would be lost. The browser asks before it closes the page; we ask before all else. */
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

/** Of the browser's Navigation API, which TypeScript does not know yet, what is needed here. */
interface History extends EventTarget {
  readonly currentEntry: { key: string; index: number; url: string | null } | null;
}

/** Asked before back and forward; nobody is there to answer until a page of the console is. */
let mayTraverse = () => true;

export function beforeTraversals(mayLeave: () => boolean): () => void {
  mayTraverse = mayLeave;
  return () => {
    mayTraverse = () => true;
  };
}

/**
 * Lets back and forward wait for an answer as links do. The browser tells only once it is there, so it is sent back,
 * unseen by the router, and goes on when the answer is yes. Has to listen before the router does: on `window`, listeners
 * are called in the order in which they came.
 */
export function watchTraversals(): void {
  const { navigation } = window as { navigation?: History };
  // An old browser, which says nothing of where in its history it is.
  if (navigation === undefined) return;
  let shown = navigation.currentEntry;
  /** How far away is where the user wants to go, while the browser is on its way back. */
  let wanted: number | undefined;
  let isAllowed = false;
  navigation.addEventListener("currententrychange", (event: Event & { navigationType?: string | null }) => {
    if (event.navigationType !== "traverse") shown = navigation.currentEntry;
  });
  window.addEventListener("popstate", (event) => {
    const now = navigation.currentEntry;
    if (now === null || shown === null) return;
    if (now.key === shown.key) {
      if (wanted === undefined) return;
      event.stopImmediatePropagation();
      const steps = wanted;
      wanted = undefined;
      isAllowed = mayTraverse();
      if (isAllowed) history.go(steps);
      return;
    }
    if (isAllowed || hindrance() === undefined || isSamePage(now.url, shown.url)) {
      isAllowed = false;
      shown = now;
      return;
    }
    event.stopImmediatePropagation();
    wanted = now.index - shown.index;
    history.go(-wanted);
  });
}

function isSamePage(one: string | null, other: string | null): boolean {
  const withoutHash = (url: string | null) => url?.replace(/#.*$/, "");
  return withoutHash(one) === withoutHash(other);
}
