"use client";

import { useTranslations } from "use-intl";

import type { Offer } from "@/lib/data/offers";

import { Badge } from "./ui/badge";

/** In lists: what keeps whoever looks from calling it just so. */
export function OfferBadge({ offer: { effect, switched_off } }: { offer: Offer }) {
  const t = useTranslations("tools.state");
  if (switched_off === true) return <Badge>{t("off")}</Badge>;
  if (effect === "deny") return <Badge tone="warning">{t("deny")}</Badge>;
  if (effect === "require_approval") return <Badge tone="info">{t("require_approval")}</Badge>;
  return null;
}
