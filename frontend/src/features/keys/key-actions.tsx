"use client";

import { BanIcon, EllipsisIcon, RefreshCwIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { Button } from "@/components/ui/button";
import { DropdownMenu, DropdownMenuContent, DropdownMenuItem, DropdownMenuTrigger } from "@/components/ui/dropdown-menu";
import { useProjectRef } from "@/lib/route";

import { useRevokeKey } from "./mutations";
import type { Key } from "./queries";
import { RotateKeyDialog } from "./rotate-key-dialog";

export function KeyActions({ apiKey }: { apiKey: Key }) {
  const t = useTranslations("keys");
  const common = useTranslations("common");
  const revoke = useRevokeKey(useProjectRef());
  const [open, setOpen] = useState<"rotate" | "revoke">();
  return (
    <>
      <DropdownMenu>
        <DropdownMenuTrigger asChild>
          <Button variant="ghost" size="icon-sm" aria-label={common("moreFor", { name: apiKey.name })}>
            <EllipsisIcon />
          </Button>
        </DropdownMenuTrigger>
        <DropdownMenuContent>
          <DropdownMenuItem
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
        </DropdownMenuContent>
      </DropdownMenu>
      <RotateKeyDialog
        apiKey={apiKey}
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
