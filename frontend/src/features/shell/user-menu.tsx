"use client";

import { useQuery } from "@tanstack/react-query";
import { BookOpenIcon, ChevronsUpDownIcon, LogOutIcon, UserIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { Avatar } from "@/components/ui/avatar";
import {
  DropdownMenu,
  DropdownMenuItem,
  DropdownMenuLabel,
  DropdownMenuRadioGroup,
  DropdownMenuRadioItem,
  DropdownMenuSeparator,
} from "@/components/ui/dropdown-menu";
import { Badge } from "@/components/ui/badge";
import { LANGUAGES, type ThemeChoice, THEMES, useAppearance } from "@/components/use-appearance";
import { ownInvitationsQuery } from "@/lib/data/invitations";
import { meQuery, useLogout } from "@/lib/data/session";
import type { LocaleChoice } from "@/lib/i18n/locale";
import { paths } from "@/lib/paths";

export function UserMenu() {
  const t = useTranslations("shell");
  const { theme, language, chooseTheme, chooseLanguage } = useAppearance();
  const user = useQuery(meQuery()).data?.user;
  const invited = useQuery(ownInvitationsQuery()).data?.length ?? 0;
  const logout = useLogout();
  const name = (user?.name ?? "") === "" ? (user?.email ?? "") : (user?.name ?? "");
  return (
    <DropdownMenu
      align="start"
      className="w-53"
      trigger={
        <button
          type="button"
          aria-label={invited > 0 ? `${t("userMenu")}, ${t("invited", { count: invited })}` : t("userMenu")}
          className="flex h-10 w-full items-center gap-2.5 rounded-md px-2 text-left hover:bg-accent focus-visible:outline-offset-0"
        >
          <span className="relative">
            <Avatar name={name} />
            {invited > 0 && <span aria-hidden className="absolute -top-0.5 -right-0.5 size-2.5 rounded-full border-2 border-sidebar bg-info-mark" />}
          </span>
          <span className="min-w-0 flex-1 text-xs leading-tight">
            <span className="block truncate font-medium">{name}</span>
            {name !== user?.email && <span className="block truncate text-muted-foreground">{user?.email}</span>}
          </span>
          <ChevronsUpDownIcon aria-hidden className="size-3.5 shrink-0 text-muted-foreground" />
        </button>
      }
    >
      <DropdownMenuItem asChild>
        <Link href={paths.profile()}>
          <UserIcon /> {t("nav.profile")}
          {invited > 0 && (
            <Badge tone="info" className="ml-auto">
              {t("invited", { count: invited })}
            </Badge>
          )}
        </Link>
      </DropdownMenuItem>
      <DropdownMenuItem asChild>
        <a href={paths.apiReference()}>
          <BookOpenIcon /> {t("apiReference")}
        </a>
      </DropdownMenuItem>
      <DropdownMenuSeparator />
      <DropdownMenuLabel>{t("theme")}</DropdownMenuLabel>
      <DropdownMenuRadioGroup
        value={theme}
        onValueChange={(choice) => {
          chooseTheme(choice as ThemeChoice);
        }}
      >
        {THEMES.map((choice) => (
          <DropdownMenuRadioItem key={choice} value={choice}>
            {t(`themes.${choice}`)}
          </DropdownMenuRadioItem>
        ))}
      </DropdownMenuRadioGroup>
      <DropdownMenuLabel>{t("language")}</DropdownMenuLabel>
      <DropdownMenuRadioGroup
        value={language}
        onValueChange={(choice) => {
          chooseLanguage(choice as LocaleChoice);
        }}
      >
        <DropdownMenuRadioItem value="system">{t("languageOfSystem")}</DropdownMenuRadioItem>
        {Object.entries(LANGUAGES).map(([choice, label]) => (
          <DropdownMenuRadioItem key={choice} value={choice} lang={choice}>
            {label}
          </DropdownMenuRadioItem>
        ))}
      </DropdownMenuRadioGroup>
      <DropdownMenuSeparator />
      <DropdownMenuItem
        onSelect={() => {
          logout.mutate();
        }}
      >
        <LogOutIcon /> {t("logOut")}
      </DropdownMenuItem>
    </DropdownMenu>
  );
}
