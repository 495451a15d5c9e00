"use client";

import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type RefCallback, useCallback, useState } from "react";

/** From here on only the rows in sight are in the page. */
const FROM = 100;

interface Rows {
  /** For the element that holds the rows: where they begin on the page. */
  measure: RefCallback<Element>;
  /** The rows to draw: from the first up to, and without, the second. */
  first: number;
  end: number;
  /** The room of the rows that are not drawn. */
  before: number;
  after: number;
}

/** Which rows of a list to draw as the window scrolls, so that thousands scroll smoothly. All, where they are few. */
export function useRowsInSight({ items, rows, height }: { items: number; rows: number; height: number }): Rows {
  const [top, setTop] = useState(0);
  const measure = useCallback((body: Element | null) => {
    if (body !== null) setTop(body.getBoundingClientRect().top + window.scrollY);
  }, []);
  const isVirtual = items >= FROM;
  const virtualizer = useWindowVirtualizer({ count: rows, enabled: isVirtual, estimateSize: () => height, overscan: 12, scrollMargin: top });
  const drawn = virtualizer.getVirtualItems();
  const [first, last] = [drawn[0], drawn[drawn.length - 1]];
  if (!isVirtual) return { measure, first: 0, end: rows, before: 0, after: 0 };
  if (first === undefined || last === undefined) return { measure, first: 0, end: 0, before: 0, after: 0 };
  const margin = virtualizer.options.scrollMargin;
  return { measure, first: first.index, end: last.index + 1, before: first.start - margin, after: virtualizer.getTotalSize() - (last.end - margin) };
}
