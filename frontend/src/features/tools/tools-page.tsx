"use client";

import { useQuery } from "@tanstack/react-query";
import { SearchIcon, WrenchIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { NeverSeen } from "@/components/never-seen";
import { OfferBadge } from "@/components/offer-badge";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { RelativeTime } from "@/components/relative-time";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { cn } from "@/lib/cn";
import { isOfferKind, matching, OFFER_KINDS, type Offer, type OfferKind, offersQuery, offerTitle } from "@/lib/data/offers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { OfferDetail } from "./offer-detail";

/** What the server offers, with the definition of each. */
export function ToolsPage() {
  const t = useTranslations("tools");
  const router = useRouter();
  const ref = useServerRef();
  const query = useSearchParams();
  const asked = query.get("kind");
  const kind = isOfferKind(asked) ? asked : "tool";
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("description")}
        actions={
          <Segmented
            label={t("kinds")}
            value={kind}
            options={OFFER_KINDS.map((other) => ({ value: other, label: t(`kind.${other}`) }))}
            onChange={(next) => {
              router.replace(paths.serverTools(ref, { kind: next }), { scroll: false });
            }}
          />
        }
      />
      <OfferList key={kind} kind={kind} name={query.get("name")} />
    </>
  );
}

function OfferList({ kind, name }: { kind: OfferKind; name: string | null }) {
  const t = useTranslations("tools");
  const common = useTranslations("common");
  const ref = useServerRef();
  const offers = useQuery(offersQuery(ref, kind));
  const [sought, setSought] = useState("");
  if (offers.isPending) return <ListSkeleton />;
  if (offers.isLoadingError) return <ErrorPanel error={offers.error} onRetry={() => void offers.refetch()} />;
  const { items, stale, lacking, fetched_at: fetchedAt } = offers.data;
  if (items.length === 0 && fetchedAt === null) return <NeverSeen lacking={lacking} />;
  if (items.length === 0) {
    return (
      <EmptyState
        icon={WrenchIcon}
        heading={t(`nothing.${kind}`)}
        description={t("nothingHint")}
        actions={
          <Button asChild>
            <Link href={paths.server(ref)}>{t("toServer")}</Link>
          </Button>
        }
      />
    );
  }
  const found = matching(items, sought);
  const chosen = items.find((offer) => offer.name === name);
  return (
    <div className="grid gap-4">
      {stale && fetchedAt !== null && (
        <Alert tone="info">
          {t("stale")} <RelativeTime at={fetchedAt} />
        </Alert>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Card className={cn("lg:sticky lg:top-16", chosen !== undefined && "max-lg:hidden")}>
          <div className="relative border-b border-border p-2">
            <SearchIcon aria-hidden className="absolute top-4 left-4.5 size-4 text-muted-foreground" />
            <Input
              type="search"
              aria-label={common("search")}
              placeholder={t("search", { count: items.length })}
              className="pl-8"
              value={sought}
              onChange={(event) => {
                setSought(event.target.value);
              }}
            />
          </div>
          {found.length === 0 ? (
            <p className="px-4 py-8 text-center text-sm text-muted-foreground">{t("noMatch")}</p>
          ) : (
            <ul className="thin-scrollbar max-h-[calc(100dvh-13rem)] divide-y divide-border overflow-y-auto">
              {found.map((offer) => (
                <OfferRow key={offer.name} kind={kind} offer={offer} isChosen={offer === chosen} />
              ))}
            </ul>
          )}
        </Card>
        {chosen === undefined ? (
          <Card className="max-lg:hidden">
            <EmptyState icon={WrenchIcon} heading={t(`choose.${kind}`)} description={t("chooseHint")} />
          </Card>
        ) : (
          <OfferDetail key={chosen.name} kind={kind} offer={chosen} />
        )}
      </div>
    </div>
  );
}

function OfferRow({ kind, offer, isChosen }: { kind: OfferKind; offer: Offer; isChosen: boolean }) {
  const ref = useServerRef();
  const title = offerTitle(offer);
  return (
    <li className="row-in-sight">
      <Link
        href={paths.serverTools(ref, { kind, name: offer.name })}
        scroll={false}
        aria-current={isChosen ? "true" : undefined}
        className={cn("block px-4 py-2 hover:bg-muted focus-visible:-outline-offset-2", isChosen && "bg-accent")}
      >
        <span className="flex items-center gap-2">
          <span className="min-w-0 truncate text-sm font-medium">{title}</span>
          <OfferBadge offer={offer} />
        </span>
        {title !== offer.name && <span className="block truncate font-mono text-xs text-muted-foreground">{offer.name}</span>}
        {offer.definition.description !== undefined && (
          <span className="line-clamp-2 text-xs text-muted-foreground">{offer.definition.description}</span>
        )}
      </Link>
    </li>
  );
}
