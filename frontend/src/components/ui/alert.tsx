import { CircleAlertIcon, CircleCheckIcon, InfoIcon, TriangleAlertIcon } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";

import { cn } from "@/lib/cn";

const TONES = {
  info: { box: "bg-info-subtle text-info", icon: InfoIcon },
  success: { box: "bg-success-subtle text-success", icon: CircleCheckIcon },
  warning: { box: "bg-warning-subtle text-warning", icon: TriangleAlertIcon },
  danger: { box: "bg-danger-subtle text-danger", icon: CircleAlertIcon },
} as const;

interface AlertProps extends Pick<ComponentProps<"div">, "ref" | "role" | "tabIndex"> {
  tone: keyof typeof TONES;
  heading?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
  className?: string;
}

/** A word that stays on the page. A danger is read out when it appears. */
export function Alert({ tone, heading, children, actions, className, role = tone === "danger" ? "alert" : "status", ...props }: AlertProps) {
  const { box, icon: Icon } = TONES[tone];
  return (
    <div role={role} className={cn("flex gap-2.5 rounded-lg px-3 py-2.5 text-sm", box, className)} {...props}>
      <Icon aria-hidden className="mt-0.5 size-4 shrink-0" />
      {/* Where both do not fit beside each other, what can be done stands below. */}
      <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-2.5 gap-y-2">
        <div className="min-w-0 flex-1 basis-56 [overflow-wrap:anywhere]">
          {heading !== undefined && <p className="font-medium">{heading}</p>}
          {children !== undefined && <div className="text-foreground">{children}</div>}
        </div>
        {actions !== undefined && <div className="flex shrink-0 items-center gap-2">{actions}</div>}
      </div>
    </div>
  );
}
