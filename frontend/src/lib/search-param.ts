"use client";

import { usePathname, useSearchParams } from "next/navigation";

/** Writes parts of the address anew; an empty one goes. */
function change(pathname: string, parts: [name: string, value: string][]): void {
  // From the address itself, as another part may have been set in the same moment.
  const next = new URLSearchParams(location.search);
  for (const [name, value] of parts) {
    if (value === "") next.delete(name);
    else next.set(name, value);
  }
  const search = next.toString();
  history.replaceState(null, "", search === "" ? pathname : `${pathname}?${search}`);
}

/** A piece of the page's state that stands in the URL: shared with the link, kept on reload. Empty when it is not there. */
export function useSearchParam(name: string): [string, (value: string) => void] {
  const pathname = usePathname();
  const params = useSearchParams();
  return [
    params.get(name) ?? "",
    (value) => {
      change(pathname, [[name, value]]);
    },
  ];
}

/** What narrows a list, in the same way. `names` says what each part of it is called in the address. */
export function useSearchFilter<Part extends string>(names: Readonly<Record<Part, string>>): {
  filter: Record<Part, string>;
  narrow: (parts: Partial<Record<Part, string>>) => void;
  /** Undefined where nothing narrows it. */
  clear: (() => void) | undefined;
} {
  const pathname = usePathname();
  const params = useSearchParams();
  const parts = Object.keys(names) as Part[];
  const filter = Object.fromEntries(parts.map((part) => [part, params.get(names[part]) ?? ""])) as Record<Part, string>;
  return {
    filter,
    narrow: (changed) => {
      change(pathname, parts.flatMap((part) => (changed[part] === undefined ? [] : [[names[part], changed[part]]])));
    },
    clear: parts.some((part) => filter[part] !== "")
      ? () => {
          change(pathname, parts.map((part) => [names[part], ""]));
        }
      : undefined,
  };
}
