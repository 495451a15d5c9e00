"use client";

import { lazy } from "react";

import { LazyTrigger } from "../lazy-trigger";
import type { MenuContentProps } from "./dropdown-menu-parts";

/** Not as generated: what Radix needs for a menu is fetched apart from the page, so its parts are lazy. */
const load = () => import("./dropdown-menu-parts");

const Menu = lazy(() => load().then((parts) => ({ default: parts.Menu })));
export const DropdownMenuItem = lazy(() => load().then((parts) => ({ default: parts.MenuItem })));
export const DropdownMenuLabel = lazy(() => load().then((parts) => ({ default: parts.MenuLabel })));
export const DropdownMenuRadioGroup = lazy(() => load().then((parts) => ({ default: parts.MenuRadioGroup })));
export const DropdownMenuRadioItem = lazy(() => load().then((parts) => ({ default: parts.MenuRadioItem })));
export const DropdownMenuSeparator = lazy(() => load().then((parts) => ({ default: parts.MenuSeparator })));

/** The button `trigger`, and what it opens. */
export function DropdownMenu({ trigger, ...props }: MenuContentProps) {
  return (
    <LazyTrigger trigger={trigger} opens="menu" load={load}>
      {(byKeyboard) => <Menu trigger={trigger} byKeyboard={byKeyboard} {...props} />}
    </LazyTrigger>
  );
}
