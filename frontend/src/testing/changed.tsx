import { type ReactNode, useState } from "react";

/** Shows what is there, until somebody else changes it. */
export function Changed<T>({ from, to, label = "Somebody else saves", children }: { from: T; to: T; label?: string; children: (seen: T) => ReactNode }) {
  const [isChanged, setChanged] = useState(false);
  return (
    <>
      <button
        onClick={() => {
          setChanged(true);
        }}
      >
        {label}
      </button>
      {children(isChanged ? to : from)}
    </>
  );
}
