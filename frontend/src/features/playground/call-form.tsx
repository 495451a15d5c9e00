"use client";

import { PlayIcon } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslations } from "use-intl";

import { CopyButton } from "@/components/copy-button";
import { GuardedButton } from "@/components/guarded-button";
import { OfferBadge } from "@/components/offer-badge";
import { Badge } from "@/components/ui/badge";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { useRoleReason } from "@/components/use-role-reason";
import type { CallRequest } from "@/lib/api/calls";
import { type Offer, offerTitle } from "@/lib/data/offers";
import { asSchema, initialValue, type Json, lacks as lacksOf, type Schema } from "@/lib/json-schema";
import { useServerRef } from "@/lib/route";

import { CallPanel } from "./call-panel";
import { curlOf } from "./curl";
import { JsonField } from "./json-field";
import { SchemaForm } from "./schema-form";
import { useCall } from "./use-call";

/** The arguments of one tool, prompt or resource, and what calling it brings. */
export function CallForm({ kind, offer }: { kind: CallRequest["kind"]; offer: Offer }) {
  const t = useTranslations("playground");
  const ref = useServerRef();
  const reason = useRoleReason("call");
  const { state, run, cancel, leave, answer } = useCall(ref);
  const schema = schemaOf(kind, offer);
  const [value, setValue] = useState<Json | undefined>(() => initialValue(schema, schema) ?? {});
  const [mode, setMode] = useState("form");
  const [isTried, setTried] = useState(false);
  const left = useRef(leave);
  useEffect(() => {
    const leaving = left.current;
    return leaving;
  }, []);
  const found = mode === "form" ? lacksOf(value, schema, schema) : [];
  const request: CallRequest = {
    kind,
    name: offer.name,
    ...(kind === "resource" ? {} : { arguments: (value ?? {}) as Record<string, never> }),
  };
  const { annotations } = offer.definition;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-2">
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if (found.length === 0 && reason === undefined) run(request);
        }}
      >
        <Card>
          <CardHeader
            heading={offerTitle(offer)}
            actions={
              <>
                <OfferBadge offer={offer} />
                {annotations?.readOnlyHint === true && <Badge tone="success">{t("readOnly")}</Badge>}
                {annotations?.destructiveHint === true && annotations.readOnlyHint !== true && <Badge tone="danger">{t("destructive")}</Badge>}
              </>
            }
          />
          <CardBody className="grid gap-4">
            {offer.definition.description !== undefined && (
              <p className="max-h-40 overflow-auto text-sm [overflow-wrap:anywhere] whitespace-pre-wrap text-muted-foreground">{offer.definition.description}</p>
            )}
            {kind !== "resource" && (
              <Tabs value={mode} onValueChange={setMode}>
                <TabsList aria-label={t("inputMode")} className="mb-4 w-fit">
                  <TabsTrigger value="form">{t("form")}</TabsTrigger>
                  <TabsTrigger value="json">{t("json")}</TabsTrigger>
                </TabsList>
                <TabsContent value="form">
                  <SchemaForm
                    schema={schema}
                    value={value}
                    onChange={setValue}
                    lacks={new Map(isTried ? found.map(({ path, problem }) => [path, problem]) : [])}
                  />
                </TabsContent>
                <TabsContent value="json">
                  <JsonField label={t("arguments")} rows={12} value={value} onChange={setValue} />
                </TabsContent>
              </Tabs>
            )}
          </CardBody>
          <CardFooter>
            <CopyButton text={curlOf(ref, request)} what={t("curl")} variant="secondary" className="size-8" title={t("copyCurl")} />
            <GuardedButton reason={reason} type="submit" variant="primary" disabled={state.status === "running"}>
              <PlayIcon aria-hidden /> {t("run")}
            </GuardedButton>
          </CardFooter>
        </Card>
      </form>
      <CallPanel state={state} cancel={cancel} answer={answer} />
    </div>
  );
}

/** The arguments of a prompt are a list of texts; as a schema they are like a tool's. */
function schemaOf(kind: CallRequest["kind"], { definition }: Offer): Schema {
  if (kind !== "prompt") return asSchema(definition.inputSchema);
  const all = definition.arguments ?? [];
  return {
    type: "object",
    properties: Object.fromEntries(all.map(({ name, description }) => [name, { type: "string", description }])),
    required: all.filter(({ required }) => required === true).map(({ name }) => name),
  };
}
