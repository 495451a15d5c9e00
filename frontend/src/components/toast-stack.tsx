"use client";

import { CircleAlertIcon, CircleCheckIcon, XIcon } from "lucide-react";
import { Toast as Primitive } from "radix-ui";
import { useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { cn } from "@/lib/cn";
import { dismissToast, onToasts, toasts } from "@/lib/toasts";

/** The toasts themselves. */
export function ToastStack() {
  const t = useTranslations("common");
  const shown = useSyncExternalStore(onToasts, toasts, toasts);
  return (
    <Primitive.Provider duration={5_000} swipeDirection="right">
      {shown.map(({ id, tone, text, detail, action }) => {
        const Icon = tone === "danger" ? CircleAlertIcon : CircleCheckIcon;
        return (
          <Primitive.Root
            key={id}
            duration={tone === "danger" ? 10_000 : 5_000}
            onOpenChange={(open) => {
              if (!open) dismissToast(id);
            }}
            className="flex items-start gap-2.5 rounded-lg bg-popover py-2.5 pr-2 pl-3 text-sm shadow-popover animate-in data-[swipe=move]:translate-x-(--radix-toast-swipe-move-x)"
          >
            <Icon aria-hidden className={cn("mt-0.5 size-4 shrink-0", tone === "danger" ? "text-danger" : "text-success")} />
            <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
              <Primitive.Title className="font-medium">{text}</Primitive.Title>
              {detail !== undefined && (
                <Primitive.Description className="text-muted-foreground">{detail}</Primitive.Description>
              )}
            </div>
            {action !== undefined && (
              <Primitive.Action
                altText={action.label}
                onClick={action.run}
                className="h-6 shrink-0 rounded-md border border-border px-2 text-xs font-medium hover:bg-accent"
              >
                {action.label}
              </Primitive.Action>
            )}
            <Primitive.Close aria-label={t("close")} className="rounded-md p-1 text-muted-foreground hover:bg-accent">
              <XIcon className="size-3.5" />
            </Primitive.Close>
          </Primitive.Root>
        );
      })}
      <Primitive.Viewport className="fixed right-4 bottom-4 z-50 flex w-92 max-w-[calc(100vw-2rem)] flex-col gap-2 outline-none" />
    </Primitive.Provider>
  );
}
