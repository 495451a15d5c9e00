/** What a server offers: tools, prompts, resources and templates, as last seen. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";

import { api, read, type Schemas } from "../api/client";
import type { ServerRef } from "../paths";
import { serversQuery } from "./servers";

export const OFFER_KINDS = ["tool", "prompt", "resource", "template"] as const;
export type OfferKind = (typeof OFFER_KINDS)[number];

export function isOfferKind(text: string | null): text is OfferKind {
  return OFFER_KINDS.some((kind) => kind === text);
}

/** What the protocol says of any of them; servers add what they like. */
export interface Definition {
  name?: string;
  title?: string;
  description?: string;
  uri?: string;
  uriTemplate?: string;
  mimeType?: string;
  inputSchema?: unknown;
  outputSchema?: unknown;
  arguments?: { name: string; description?: string; required?: boolean }[];
  annotations?: { title?: string; readOnlyHint?: boolean; destructiveHint?: boolean; idempotentHint?: boolean; openWorldHint?: boolean };
  [member: string]: unknown;
}

export interface Offer {
  name: string;
  definition: Definition;
  /** What the rules make of it for whoever asks. */
  effect?: "allow" | "deny" | "require_approval";
  /** Whether it is switched off for everybody. */
  switched_off?: boolean;
  /** What is wrong with the definition. */
  flaw?: string | null;
}

export type Offers = Omit<Schemas["OffersView"], "items"> & { items: Offer[] };

export const offersQuery = (ref: ServerRef, kind: OfferKind) =>
  queryOptions({
    queryKey: ["project", ref.project, "servers", ref.server, "offers", kind],
    queryFn: ({ signal }) =>
      read(
        api.GET("/api/v1/projects/{project}/servers/{server}/tools", { params: { path: ref, query: { kind } }, signal }),
      ) as Promise<Offers>,
    refetchInterval: 15_000,
  });

/** How an offer is called on a page. */
export function offerTitle({ name, definition }: Offer): string {
  return definition.title ?? definition.annotations?.title ?? name;
}

/** Those in whose name, title or description the words are. */
export function matching(offers: readonly Offer[], words: string): Offer[] {
  const sought = words.toLowerCase();
  return offers.filter((offer) => `${offer.name} ${offerTitle(offer)} ${offer.definition.description ?? ""}`.toLowerCase().includes(sought));
}

/** Starts a server, which then says what it offers. */
export function useStartServer(ref: ServerRef) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => read(api.POST("/api/v1/projects/{project}/servers/{server}/start", { params: { path: ref } })),
    onSettled: () => queryClient.invalidateQueries({ queryKey: serversQuery(ref).queryKey }),
  });
}
