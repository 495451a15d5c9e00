"use client";

import { CheckIcon } from "lucide-react";
import { DropdownMenu as Primitive } from "radix-ui";
import { type ComponentProps, type ReactElement, useRef } from "react";

import { cn } from "@/lib/cn";

export const MenuRadioGroup = Primitive.RadioGroup;

export interface MenuContentProps extends ComponentProps<typeof Primitive.Content> {
  trigger: ReactElement;
}

/** A menu that opens as it comes into the page. */
export function Menu({ trigger, byKeyboard, className, sideOffset = 6, align = "end", ...props }: MenuContentProps & { byKeyboard: boolean }) {
  // Radix tells keys from pointers by what it has heard, and it has not heard the first key.
  const takesFocus = useRef(byKeyboard);
  return (
    <Primitive.Root defaultOpen>
      <Primitive.Trigger asChild>{trigger}</Primitive.Trigger>
      <Primitive.Portal>
        <Primitive.Content
          ref={(content) => {
            if (content === null || !takesFocus.current) return;
            takesFocus.current = false;
            requestAnimationFrame(() => {
              content.querySelector<HTMLElement>("[role^=menuitem]:not([data-disabled])")?.focus();
            });
          }}
          sideOffset={sideOffset}
          align={align}
          collisionPadding={8}
          className={cn(
            "z-50 max-h-(--radix-dropdown-menu-content-available-height) min-w-44 overflow-y-auto rounded-lg bg-popover p-1 text-sm shadow-popover animate-in",
            className,
          )}
          {...props}
        />
      </Primitive.Portal>
    </Primitive.Root>
  );
}

const ITEM =
  "flex min-h-8 cursor-pointer items-center gap-2 rounded-md px-2 py-1 outline-none select-none data-disabled:cursor-not-allowed data-disabled:opacity-50 data-highlighted:bg-accent [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-muted-foreground";

export function MenuItem({
  className,
  tone,
  ...props
}: ComponentProps<typeof Primitive.Item> & { tone?: "danger" }) {
  return (
    <Primitive.Item
      className={cn(
        ITEM,
        tone === "danger" && "text-danger data-highlighted:bg-danger-subtle [&_svg]:text-danger",
        className,
      )}
      {...props}
    />
  );
}

export function MenuRadioItem({ className, children, ...props }: ComponentProps<typeof Primitive.RadioItem>) {
  return (
    <Primitive.RadioItem className={cn(ITEM, className)} {...props}>
      <span className="flex-1">{children}</span>
      <Primitive.ItemIndicator>
        <CheckIcon />
      </Primitive.ItemIndicator>
    </Primitive.RadioItem>
  );
}

export function MenuLabel({ className, ...props }: ComponentProps<typeof Primitive.Label>) {
  return <Primitive.Label className={cn("px-2 pt-2 pb-1 text-xs font-medium text-muted-foreground", className)} {...props} />;
}

export function MenuSeparator({ className, ...props }: ComponentProps<typeof Primitive.Separator>) {
  return <Primitive.Separator className={cn("-mx-1 my-1 h-px bg-border", className)} {...props} />;
}
