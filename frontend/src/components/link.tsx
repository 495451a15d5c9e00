"use client";

import NextLink from "next/link";
import { type ComponentProps, useState } from "react";

import { useMayLeave } from "./use-may-leave";

/**
 * A link to a page of ours. Its page is fetched when it is pointed at or focused, not when it comes into sight: a table
 * of a thousand servers would fetch thousands of pages that nobody looks at.
 */
export function Link({ onMouseEnter, onFocus, onNavigate, ...props }: ComponentProps<typeof NextLink>) {
  const [isNear, setNear] = useState(false);
  const mayLeave = useMayLeave();
  return (
    <NextLink
      prefetch={isNear ? null : false}
      onMouseEnter={(event) => {
        setNear(true);
        onMouseEnter?.(event);
      }}
      onFocus={(event) => {
        setNear(true);
        onFocus?.(event);
      }}
      onNavigate={(event) => {
        if (mayLeave()) onNavigate?.(event);
        else event.preventDefault();
      }}
      {...props}
    />
  );
}
