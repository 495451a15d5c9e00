"use client";

import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Switch } from "@/components/ui/switch";
import { useRoleReason } from "@/components/use-role-reason";
import { policyQuery, useSwitch } from "@/lib/data/policy";
import { serverQuery } from "@/lib/data/servers";
import { useServerRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

interface OfferSwitchProps {
  kind: "tool" | "prompt" | "resource";
  name: string;
}

/** Whether it is there for clients at all; what the rules say counts only while it is. */
export function OfferSwitch({ kind, name }: OfferSwitchProps) {
  const t = useTranslations("tools");
  const errorText = useErrorText();
  const id = useId();
  const ref = useServerRef();
  const reason = useRoleReason("manageProject");
  const policy = useQuery({ ...policyQuery(ref), enabled: reason === undefined });
  const server = useQuery(serverQuery(ref)).data;
  const change = useSwitch(ref, server?.id ?? "");
  if (reason !== undefined || policy.data === undefined || server === undefined) return null;
  const isOff = policy.data.switched_off.some((off) => off.server_id === server.id && off.kind === kind && off.name === name);
  return (
    <label htmlFor={id} className="flex items-center gap-3 rounded-md bg-muted px-3 py-2 text-sm">
      <Switch
        id={id}
        checked={!isOff}
        onCheckedChange={(on) => {
          change.mutate(
            { kind, name, on },
            {
              onError: (error) => {
                toast.error(errorText(error));
              },
            },
          );
        }}
      />
      <span>
        <span className="font-medium">{t(isOff ? "off" : "on")}</span>{" "}
        <span className="text-muted-foreground">{t(isOff ? "offHint" : "onHint")}</span>
      </span>
    </label>
  );
}
