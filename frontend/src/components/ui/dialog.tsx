"use client";

import { XIcon } from "lucide-react";
import { Dialog as Primitive } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";

import { firstWanted, useDialogFocus } from "./dialog-focus";

export const Dialog = Primitive.Root;
export const DialogTrigger = Primitive.Trigger;
export const DialogClose = Primitive.Close;

const OVERLAY = "fixed inset-0 z-40 bg-black/45 animate-fade dark:bg-black/65";

interface ContentProps extends ComponentProps<typeof Primitive.Content> {
  heading: ReactNode;
  description?: ReactNode;
}

export function DialogContent({ heading, description, className, children, ...props }: ContentProps) {
  const t = useTranslations("common");
  const focus = useDialogFocus(firstWanted);
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={OVERLAY} />
      <Primitive.Content
        className={cn(
          // A form in it gives way as its body does, so that the buttons stay in sight in a low window.
          "[&>form]:flex [&>form]:min-h-0 [&>form]:flex-col",
          "fixed top-1/2 left-1/2 z-50 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] max-w-lg -translate-x-1/2 -translate-y-1/2 flex-col rounded-xl bg-popover shadow-popover animate-fade",
          className,
        )}
        {...(description === undefined ? { "aria-describedby": undefined } : {})}
        {...focus}
        {...props}
      >
        <header className="flex items-start gap-4 px-5 pt-4 pb-3">
          <div className="min-w-0 flex-1">
            <Primitive.Title className="text-lg font-semibold">{heading}</Primitive.Title>
            {description !== undefined && (
              <Primitive.Description className="mt-1 text-sm text-muted-foreground">{description}</Primitive.Description>
            )}
          </div>
          <Primitive.Close
            aria-label={t("close")}
            className="-mr-1.5 rounded-md p-1.5 text-muted-foreground hover:bg-accent hover:text-foreground"
          >
            <XIcon className="size-4" />
          </Primitive.Close>
        </header>
        {children}
      </Primitive.Content>
    </Primitive.Portal>
  );
}

export function DialogBody({ className, ...props }: ComponentProps<"div">) {
  return <div className={cn("flex min-h-0 flex-col gap-4 overflow-y-auto px-5 pt-1 pb-4", className)} {...props} />;
}

export function DialogFooter({ className, ...props }: ComponentProps<"footer">) {
  return (
    <footer
      className={cn("flex flex-wrap items-center justify-end gap-2 border-t border-border px-5 py-3", className)}
      {...props}
    />
  );
}

/** A dialog that comes in from the left edge. */
export function SheetContent({ heading, className, children, ...props }: Omit<ContentProps, "description">) {
  const focus = useDialogFocus(() => null);
  return (
    <Primitive.Portal>
      <Primitive.Overlay className={OVERLAY} />
      <Primitive.Content
        aria-describedby={undefined}
        className={cn("fixed inset-y-0 left-0 z-50 flex w-72 max-w-[85vw] flex-col bg-sidebar shadow-popover animate-slide", className)}
        {...focus}
        {...props}
      >
        <Primitive.Title className="sr-only">{heading}</Primitive.Title>
        {children}
      </Primitive.Content>
    </Primitive.Portal>
  );
}
