"use client";

import { usePathname, useSearchParams } from "next/navigation";

/** A piece of the page's state that stands in the URL: shared with the link, kept on reload. Empty when it is not there. */
export function useSearchParam(name: string): [string, (value: string) => void] {
  const pathname = usePathname();
  const params = useSearchParams();
  return [
    params.get(name) ?? "",
    (value) => {
      // From the address itself, as another part may have been set in the same moment.
      const next = new URLSearchParams(location.search);
      if (value === "") next.delete(name);
      else next.set(name, value);
      const search = next.toString();
      history.replaceState(null, "", search === "" ? pathname : `${pathname}?${search}`);
    },
  ];
}
