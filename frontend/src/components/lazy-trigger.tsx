"use client";

import { Slot } from "radix-ui";
import { type KeyboardEvent, type MouseEvent, type ReactElement, type ReactNode, Suspense, useState } from "react";

import { usePreload } from "@/lib/preload";

interface LazyTriggerProps {
  /** The button. It takes a ref and handlers. */
  trigger: ReactElement;
  opens: "menu" | "dialog";
  load: () => Promise<unknown>;
  /** The button with what it opens, open. Comes in the place of `trigger` when it is pressed for the first time. */
  children: (byKeyboard: boolean) => ReactNode;
}

/** A button that opens something whose code does not weigh on the first load: it is fetched when the page has come to rest. */
export function LazyTrigger({ trigger, opens, load, children }: LazyTriggerProps) {
  usePreload(load);
  const [pressed, setPressed] = useState<"keyboard" | "pointer">();
  const preload = () => void load().catch(() => undefined);
  if (pressed !== undefined) return <Suspense fallback={trigger}>{children(pressed === "keyboard")}</Suspense>;
  return (
    <Slot.Root
      aria-haspopup={opens}
      aria-expanded={false}
      onPointerEnter={preload}
      onFocus={preload}
      onClick={(event: MouseEvent) => {
        setPressed(event.detail === 0 ? "keyboard" : "pointer");
      }}
      onKeyDown={(event: KeyboardEvent) => {
        if (opens !== "menu" || event.key !== "ArrowDown") return;
        event.preventDefault();
        setPressed("keyboard");
      }}
    >
      {trigger}
    </Slot.Root>
  );
}
