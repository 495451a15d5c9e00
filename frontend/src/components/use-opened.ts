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
  /** To be called with what a save from here has come to. What is saved next is a change of that. */
  saved: (answer: T) => void;
}

/**
 * Holds on to what a form was opened with while something is written in it; until then, what is there is followed.
 * `partOf` gives what of it is in the form: a change of the rest is no concern of the form, and does not outdate it.
 */
export function useOpened<T extends { version: number }>(seen: T, partOf: (seen: T) => unknown, isDirty: boolean): Opened<T> {
  const [{ opened, shown }, set] = useState({ opened: seen, shown: seen });
  // What a save has come to may be known before it is seen.
  const isOther = seen !== opened && seen.version >= opened.version;
  const newest = isOther ? seen : opened;
  if (!isDirty && shown !== newest) set({ opened: newest, shown: newest });
  else if (isOther && JSON.stringify(partOf(seen)) === JSON.stringify(partOf(opened))) set({ opened: seen, shown });
  const overtaken = isOther && {
    takeTheirs: () => {
      set({ opened: seen, shown: seen });
    },
    keepMine: () => {
      set({ opened: seen, shown });
    },
  };
  return {
    opened,
    shown,
    overtaken: overtaken || undefined,
    saved: (answer) => {
      set((before) => ({ opened: answer, shown: before.shown }));
    },
  };
}
