import { type ReactNode, useState } from "react";

/** Shows what is there, until somebody else changes it. */
export function Changed<T>({ from, to, children }: { from: T; to: T; children: (seen: T) => ReactNode }) {
  const [seen, setSeen] = useState(from);
  return (
    <>
      <button
        onClick={() => {
          setSeen(to);
        }}
      >
        Somebody else saves
      </button>
      {children(seen)}
    </>
  );
}
