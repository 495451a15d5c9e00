"use client";

import { useState } from "react";

/** How a form gets past what somebody else has changed under it. */
export interface Overtaken {
  takeTheirs: () => void;
  /** What is saved then replaces what the other one has saved. */
  keepMine: () => void;
}

export interface Opened<T> {
  /** What the form is of: as it was opened, and not as it was changed meanwhile. What is saved is a change of this. */
  opened: T;
  /** What the fields are filled with. */
  shown: T;
  /** There while the same part was changed by somebody else. */
  overtaken: Overtaken | undefined;
}

/**
 * Holds on to what a form was opened with while something is written in it; until then, what is there is followed.
 * `partOf` gives what of it is in the form: a change of the rest is no concern of the form, and does not outdate it. Nor
 * does what `isOurs` knows as saved from here.
 */
export function useOpened<T>(seen: T, partOf: (seen: T) => unknown, isDirty: boolean, isOurs: (seen: T) => boolean = () => false): Opened<T> {
  const [{ opened, shown }, set] = useState({ opened: seen, shown: seen });
  const isOther = seen !== opened;
  if (isOther && !isDirty) set({ opened: seen, shown: seen });
  else if (isOther && (isOurs(seen) || JSON.stringify(partOf(seen)) === JSON.stringify(partOf(opened)))) set({ opened: seen, shown });
  const overtaken = isOther && {
    takeTheirs: () => {
      set({ opened: seen, shown: seen });
    },
    keepMine: () => {
      set({ opened: seen, shown });
    },
  };
  return { opened, shown, overtaken: overtaken || undefined };
}
