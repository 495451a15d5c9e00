"use client";

import { type ComponentType, lazy, Suspense, useState } from "react";

import { usePreload } from "@/lib/preload";

/**
 * A dialog whose code does not weigh on the first load: it is fetched when the page has come to rest, or when the dialog
 * opens. It stays in its place after that, as it fades out.
 */
export function lazyDialog<P extends { open: boolean }>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  const Dialog = lazy(async () => ({ default: await load() }));
  return function LazyDialog(props: P) {
    usePreload(load);
    const [wasOpen, setWasOpen] = useState(props.open);
    if (props.open && !wasOpen) setWasOpen(true);
    if (!wasOpen) return null;
    return (
      <Suspense>
        <Dialog {...props} />
      </Suspense>
    );
  };
}
