"use client";

import { BanIcon, EllipsisIcon, PencilIcon, RefreshCwIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { lazyDialog } from "@/components/lazy-dialog";
import { Button } from "@/components/ui/button";
import { DropdownMenu, DropdownMenuItem, DropdownMenuLabel } from "@/components/ui/dropdown-menu";
import type { Key } from "@/lib/data/keys";
import { useProjectRef } from "@/lib/route";

import { useRevokeKey } from "./mutations";

const EditKeyDialog = lazyDialog(() => import("./edit-key-dialog").then((module) => module.EditKeyDialog));
const RotateKeyDialog = lazyDialog(() => import("./rotate-key-dialog").then((module) => module.RotateKeyDialog));

interface KeyActionsProps {
  apiKey: Key;
  /** Why the user may not change or rotate it; undefined for who made it. */
  reason: string | undefined;
  onMade: (key: string) => void;
}

export function KeyActions({ apiKey, reason, onMade }: KeyActionsProps) {
  const t = useTranslations("keys");
  const common = useTranslations("common");
  const revoke = useRevokeKey(useProjectRef());
  const [open, setOpen] = useState<"edit" | "rotate" | "revoke">();
  return (
    <>
      <DropdownMenu
        trigger={
          <Button variant="ghost" size="icon-sm" aria-label={common("moreFor", { name: apiKey.name })}>
            <EllipsisIcon />
          </Button>
        }
      >
        <DropdownMenuItem
          disabled={reason !== undefined}
          onSelect={() => {
            setOpen("edit");
          }}
        >
          <PencilIcon /> {common("edit")}
        </DropdownMenuItem>
        <DropdownMenuItem
          disabled={reason !== undefined}
          onSelect={() => {
            setOpen("rotate");
          }}
        >
          <RefreshCwIcon /> {t("rotate")}
        </DropdownMenuItem>
        <DropdownMenuItem
          tone="danger"
          onSelect={() => {
            setOpen("revoke");
          }}
        >
          <BanIcon /> {t("revoke")}
        </DropdownMenuItem>
        {reason !== undefined && <DropdownMenuLabel className="max-w-52 pt-1 font-normal">{reason}</DropdownMenuLabel>}
      </DropdownMenu>
      <EditKeyDialog
        apiKey={apiKey}
        open={open === "edit"}
        onOpenChange={(next) => {
          setOpen(next ? "edit" : undefined);
        }}
      />
      <RotateKeyDialog
        apiKey={apiKey}
        onMade={onMade}
        open={open === "rotate"}
        onOpenChange={(next) => {
          setOpen(next ? "rotate" : undefined);
        }}
      />
      <ConfirmDialog
        open={open === "revoke"}
        onOpenChange={(next) => {
          setOpen(next ? "revoke" : undefined);
        }}
        heading={t("revokeHeading", { name: apiKey.name })}
        description={t("revokeDescription")}
        action={t("revokeAction")}
        mutation={revoke}
        variables={apiKey.id}
      />
    </>
  );
}
