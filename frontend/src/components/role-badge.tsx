"use client";

import { useTranslations } from "use-intl";

import type { Role } from "@/lib/access";

import { Badge } from "./ui/badge";

export function RoleBadge({ role }: { role: Role }) {
  const t = useTranslations("common");
  return <Badge tone={role === "admin" ? "brand" : "neutral"}>{t(`role.${role}`)}</Badge>;
}
