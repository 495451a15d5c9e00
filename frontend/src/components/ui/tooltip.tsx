"use client";

import { Slot } from "radix-ui";
import { type FocusEvent, type PointerEvent, type ReactElement, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { createPortal } from "react-dom";

/** Not Radix's: it would bring all that places things into the first load, and a word beside a button needs little of it. */

const WAIT = 300;
/** For the pointer to get from what is described to the description, which may be pointed at as well. */
const GRACE = 120;
const GAP = 6;
const MARGIN = 8;

type Side = "top" | "bottom";

interface TooltipProps {
  text: ReactNode;
  children: ReactElement;
  side?: Side;
}

/** A word on what is pointed at or focused. `children` is one element that takes a ref and handlers. */
export function Tooltip({ text, children, side = "top" }: TooltipProps) {
  const id = useId();
  const anchor = useRef<HTMLElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [isShown, setShown] = useState(false);
  const later = (show: boolean, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      setShown(show);
    }, wait);
  };
  const enter = (event: PointerEvent) => {
    if (event.pointerType !== "touch") later(true, WAIT);
  };
  const leave = () => {
    later(false, GRACE);
  };
  const hide = () => {
    clearTimeout(timer.current);
    setShown(false);
  };
  useEffect(
    () => () => {
      clearTimeout(timer.current);
    },
    [],
  );
  useEffect(() => {
    if (!isShown) return undefined;
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") setShown(false);
    };
    const onScroll = () => {
      setShown(false);
    };
    document.addEventListener("keydown", onKey);
    window.addEventListener("scroll", onScroll, { capture: true, passive: true });
    return () => {
      document.removeEventListener("keydown", onKey);
      window.removeEventListener("scroll", onScroll, { capture: true });
    };
  }, [isShown]);
  return (
    <>
      <Slot.Root
        ref={anchor}
        aria-describedby={isShown ? id : undefined}
        onPointerEnter={enter}
        onPointerLeave={leave}
        onPointerDown={hide}
        onFocus={(event: FocusEvent<HTMLElement>) => {
          if (event.target.matches(":focus-visible")) later(true, 0);
        }}
        onBlur={hide}
      >
        {children}
      </Slot.Root>
      {isShown &&
        createPortal(
          <div
            ref={(word) => {
              if (word !== null && anchor.current !== null) place(word, anchor.current, side);
            }}
            id={id}
            role="tooltip"
            className="fixed top-0 left-0 z-60 w-max max-w-72 rounded-md bg-primary px-2 py-1 text-xs text-primary-foreground animate-fade"
            onPointerEnter={() => {
              clearTimeout(timer.current);
            }}
            onPointerLeave={leave}
          >
            {text}
          </div>,
          document.body,
        )}
    </>
  );
}

/** Above or below, on the other side where there is no room, and never beyond the edge of the window. */
function place(word: HTMLElement, anchor: HTMLElement, side: Side) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = word;
  const { clientWidth, clientHeight } = document.documentElement;
  const above = at.top - GAP - height;
  const below = at.bottom + GAP;
  const isAbove = side === "top" ? above >= MARGIN : below + height > clientHeight - MARGIN;
  const left = Math.max(MARGIN, Math.min(at.left + at.width / 2 - width / 2, clientWidth - width - MARGIN));
  word.style.translate = `${String(Math.round(left))}px ${String(Math.round(isAbove ? above : below))}px`;
}
