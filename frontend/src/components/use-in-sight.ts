"use client";

import { type RefCallback, useCallback, useState } from "react";

/** So far below the screen something counts as in sight, so that it is there when it is scrolled to. */
const AHEAD = "200px";

/** Whether an element is on the screen, for what is only fetched where somebody looks at it. */
export function useInSight(): [RefCallback<Element>, boolean] {
  const [isInSight, setInSight] = useState(false);
  const watch = useCallback((element: Element | null) => {
    if (element === null) return undefined;
    const observer = new IntersectionObserver(
      (entries) => {
        setInSight(entries.some((entry) => entry.isIntersecting));
      },
      { rootMargin: AHEAD },
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, []);
  return [watch, isInSight];
}
