"use client";

import { EllipsisIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { type Column, DataTable } from "@/components/data-table";
import { useErrorText } from "@/components/error-text";
import { lazyDialog } from "@/components/lazy-dialog";
import { RelativeTime } from "@/components/relative-time";
import { Avatar } from "@/components/ui/avatar";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { DropdownMenu, DropdownMenuItem } from "@/components/ui/dropdown-menu";
import { useMe } from "@/lib/data/session";
import { toast } from "@/lib/toasts";

import { useCreateResetLink, useUpdateUser } from "./mutations";
import type { User } from "./queries";

const ShownOnce = lazyDialog(() => import("./shown-once").then((module) => module.ShownOnce));

interface Asked {
  what: "deactivate" | "reset" | "promote" | "demote";
  user: User;
}

export function UserTable({ users }: { users: User[] }) {
  const t = useTranslations("admin");
  const common = useTranslations("common");
  const me = useMe();
  const errorText = useErrorText();
  const update = useUpdateUser();
  const reset = useCreateResetLink();
  const [asked, setAsked] = useState<Asked>();
  const [shown, setShown] = useState<{ email: string; link: string }>();
  const change = (user: User, body: { active: boolean }) => {
    update.mutate(
      { user, body },
      {
        onSuccess: () => {
          toast.success(common("saved"));
        },
        onError: (error) => {
          toast.error(errorText(error));
        },
      },
    );
  };
  const columns: Column<User>[] = [
    {
      id: "name",
      header: t("person"),
      sort: (user) => user.name || user.email,
      className: "w-full max-w-0",
      cell: (user) => (
        <span className="flex min-w-0 items-center gap-2.5">
          <Avatar name={user.name || user.email} />
          <span className="min-w-0">
            <span className="flex flex-wrap items-center gap-x-2 font-medium">
              <span className="truncate">{user.name || user.email}</span>
              {user.instance_admin && <Badge tone="brand">{t("instanceAdmin")}</Badge>}
              {!user.active && <Badge tone="warning">{t("deactivated")}</Badge>}
            </span>
            {user.name !== "" && <span className="block truncate text-xs text-muted-foreground">{user.email}</span>}
          </span>
        </span>
      ),
    },
    { id: "created", header: t("created"), sort: (user) => user.created_at, cell: (user) => <RelativeTime at={user.created_at} className="text-muted-foreground" />, className: "@max-lg:hidden" },
    {
      id: "actions",
      header: common("more"),
      hideHeader: true,
      align: "right",
      className: "w-12",
      cell: (user) => (
        <DropdownMenu
          trigger={
            <Button variant="ghost" size="icon-sm" aria-label={common("moreFor", { name: user.name || user.email })}>
              <EllipsisIcon />
            </Button>
          }
        >
          <DropdownMenuItem
            onSelect={() => {
              setAsked({ what: user.instance_admin ? "demote" : "promote", user });
            }}
          >
            {user.instance_admin ? t("demote") : t("promote")}
          </DropdownMenuItem>
          <DropdownMenuItem
            onSelect={() => {
              setAsked({ what: "reset", user });
            }}
          >
            {t("resetPassword")}
          </DropdownMenuItem>
          {user.active ? (
            <DropdownMenuItem
              tone="danger"
              disabled={user.id === me.id}
              onSelect={() => {
                setAsked({ what: "deactivate", user });
              }}
            >
              {t("deactivate")}
            </DropdownMenuItem>
          ) : (
            <DropdownMenuItem
              onSelect={() => {
                change(user, { active: true });
              }}
            >
              {t("activate")}
            </DropdownMenuItem>
          )}
        </DropdownMenu>
      ),
    },
  ];
  return (
    <Card>
      {users.length === 0 ? (
        <p className="px-4 py-10 text-center text-sm text-muted-foreground">{t("noUserFound")}</p>
      ) : (
        <DataTable label={t("users")} columns={columns} rows={users} rowId={(user) => user.id} isMuted={(user) => !user.active} />
      )}
      {asked?.what === "deactivate" && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setAsked(undefined);
          }}
          heading={t("deactivateHeading", { name: asked.user.name || asked.user.email })}
          description={t("deactivateDescription")}
          action={t("deactivate")}
          mutation={update}
          variables={{ user: asked.user, body: { active: false } }}
        />
      )}
      {(asked?.what === "promote" || asked?.what === "demote") && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setAsked(undefined);
          }}
          heading={t(`${asked.what}Heading`, { name: asked.user.name || asked.user.email })}
          description={t(`${asked.what}Description`)}
          action={t(asked.what)}
          mutation={update}
          variables={{ user: asked.user, body: { instance_admin: asked.what === "promote" } }}
        />
      )}
      {asked?.what === "reset" && (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setAsked(undefined);
          }}
          heading={t("resetHeading", { name: asked.user.name || asked.user.email })}
          description={t("resetDescription")}
          action={t("resetPassword")}
          mutation={{
            ...reset,
            mutate: (variables, options) => {
              reset.mutate(variables, {
                ...options,
                onSuccess: (answer, ...rest) => {
                  options?.onSuccess?.(answer, ...rest);
                  if (typeof answer.link === "string") setShown({ email: asked.user.email, link: answer.link });
                  else toast.success(t("resetMailed", { name: asked.user.email }));
                },
              });
            },
          }}
          variables={{ user: asked.user }}
        />
      )}
      <ShownOnce
        open={shown !== undefined}
        heading={t("linkOf", { name: shown?.email ?? "" })}
        what={t("resetLink")}
        text={shown?.link}
        onClose={() => {
          setShown(undefined);
        }}
      />
    </Card>
  );
}
