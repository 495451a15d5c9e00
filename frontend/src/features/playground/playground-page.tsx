"use client";

import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { FlaskConicalIcon, PowerOffIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useRouter, useSearchParams } from "next/navigation";
import { useTranslations } from "use-intl";

import { EmptyState } from "@/components/empty-state";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { NeverSeen } from "@/components/never-seen";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { Button } from "@/components/ui/button";
import { type OfferKind, offersQuery } from "@/lib/data/offers";
import { useAccess } from "@/lib/data/projects";
import { serverQuery } from "@/lib/data/servers";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { CallForm } from "./call-form";
import { OfferChoice } from "./offer-choice";

const KINDS = ["tool", "prompt", "resource"] as const satisfies OfferKind[];
type PlayKind = (typeof KINDS)[number];

/** Try a server's tools, prompts and resources, as a client would. */
export function PlaygroundPage() {
  const t = useTranslations("playground");
  const router = useRouter();
  const ref = useServerRef();
  const query = useSearchParams();
  const { data: server } = useSuspenseQuery(serverQuery(ref));
  const { may } = useAccess();
  const asked = query.get("kind");
  const shown = KINDS.find((known) => known === asked) ?? "tool";
  const go = (next: { kind: PlayKind; name?: string }) => {
    router.replace(paths.playground(ref, next), { scroll: false });
  };
  if (!server.enabled) {
    return (
      <>
        <PageHeader title={t("title")} />
        <EmptyState
          icon={PowerOffIcon}
          heading={t("disabled")}
          description={t(may("manageServers") ? "disabledHint" : "disabledAsk")}
          actions={
            <Button asChild>
              <Link href={paths.server(ref)}>{t("toServer")}</Link>
            </Button>
          }
        />
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("description")}
        actions={
          <Segmented
            label={t("kinds")}
            value={shown}
            options={KINDS.map((other) => ({ value: other, label: t(`kind.${other}`) }))}
            onChange={(next) => {
              go({ kind: next });
            }}
          />
        }
      />
      <Chosen
        key={shown}
        kind={shown}
        name={query.get("name")}
        onChoose={(name) => {
          go({ kind: shown, name });
        }}
      />
    </>
  );
}

function Chosen({ kind, name, onChoose }: { kind: PlayKind; name: string | null; onChoose: (name: string) => void }) {
  const t = useTranslations("playground");
  const ref = useServerRef();
  const offers = useQuery(offersQuery(ref, kind));
  if (offers.isPending) return <ListSkeleton rows={3} />;
  if (offers.isLoadingError) return <ErrorPanel error={offers.error} onRetry={() => void offers.refetch()} />;
  const { items } = offers.data;
  const chosen = items.find((offer) => offer.name === name) ?? items[0];
  if (chosen === undefined && offers.data.fetched_at === null) return <NeverSeen lacking={offers.data.lacking} />;
  if (chosen === undefined) {
    return <EmptyState icon={FlaskConicalIcon} heading={t(`nothing.${kind}`)} description={t("nothingHint")} />;
  }
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-3">
        <OfferChoice label={t(`choose.${kind}`)} offers={items} chosen={chosen} onChoose={onChoose} />
        {offers.data.stale && <span className="text-sm text-muted-foreground">{t("stale")}</span>}
      </div>
      <CallForm key={chosen.name} kind={kind} offer={chosen} />
    </div>
  );
}
