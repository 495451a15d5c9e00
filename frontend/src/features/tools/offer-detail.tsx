"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import { ArrowLeftIcon, PlayIcon } from "lucide-react";
import { Link } from "@/components/link";
import { useTranslations } from "use-intl";

import { CodeBlock } from "@/components/code-block";
import { CopyButton } from "@/components/copy-button";
import { JsonTree } from "@/components/json-tree";
import { Hidden } from "@/components/refusal";
import { StarButton } from "@/components/star-button";
import { Alert } from "@/components/ui/alert";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { Table, Td, Th } from "@/components/ui/table";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { type Definition, type Offer, type OfferKind, offerTitle } from "@/lib/data/offers";
import { serverQuery } from "@/lib/data/servers";
import { asSchema, effective } from "@/lib/json-schema";
import { paths } from "@/lib/paths";
import { useServerRef } from "@/lib/route";

import { OfferHistory } from "./offer-history";
import { OfferSwitch } from "./offer-switch";

/** The whole definition of one tool, prompt or resource. */
export function OfferDetail({ kind, offer }: { kind: OfferKind; offer: Offer }) {
  const t = useTranslations("tools");
  const ref = useServerRef();
  const { definition } = offer;
  return (
    <Card>
      <CardHeader
        heading={
          <span className="flex items-center gap-1">
            <Button asChild variant="ghost" size="icon-sm" className="-ml-1.5 lg:hidden">
              <Link href={paths.serverTools(ref, { kind })} aria-label={t("backToList")}>
                <ArrowLeftIcon />
              </Link>
            </Button>
            <span className="[overflow-wrap:anywhere]">{offerTitle(offer)}</span>
            {kind === "tool" && <ToolStar name={offer.name} />}
          </span>
        }
        description={
          <span className="flex items-center gap-1 font-mono text-xs [overflow-wrap:anywhere]">
            {offer.name}
            <CopyButton text={offer.name} what={t("name")} size="icon-sm" className="size-6" />
          </span>
        }
        actions={
          kind !== "template" && (
            <Button asChild variant="primary">
              <Link href={paths.playground(ref, { kind, name: offer.name })}>
                <PlayIcon aria-hidden /> {t("tryIt")}
              </Link>
            </Button>
          )
        }
      />
      <CardBody className="grid gap-4">
        {kind !== "template" && <OfferSwitch kind={kind} name={offer.name} />}
        {typeof offer.flaw === "string" && <Alert tone="warning">{offer.flaw}</Alert>}
        {offer.effect === "require_approval" && <Alert tone="info">{t("waits")}</Alert>}
        {/* The switch says so of what is switched off. */}
        {offer.effect === "deny" && offer.switched_off !== true && (
          <Hidden server={ref.server} kind={kind === "template" ? "resource" : kind} name={offer.name} heading={t("state.deny")} />
        )}
        <Hints definition={definition} />
        {definition.description !== undefined && <p className="text-sm [overflow-wrap:anywhere] whitespace-pre-wrap">{definition.description}</p>}
        <Tabs defaultValue={kind === "resource" || kind === "template" ? "definition" : "arguments"}>
          <TabsList className="mb-3 w-fit">
            {kind !== "resource" && kind !== "template" && <TabsTrigger value="arguments">{t("arguments")}</TabsTrigger>}
            {definition.outputSchema !== undefined && <TabsTrigger value="output">{t("output")}</TabsTrigger>}
            <TabsTrigger value="definition">{t("definition")}</TabsTrigger>
            <TabsTrigger value="history">{t("history")}</TabsTrigger>
          </TabsList>
          <TabsContent value="arguments">
            <Arguments definition={definition} />
          </TabsContent>
          <TabsContent value="output">
            <JsonTree value={definition.outputSchema} label={t("output")} />
          </TabsContent>
          <TabsContent value="definition">
            <CodeBlock code={JSON.stringify(definition, null, 2)} what={t("definition")} />
          </TabsContent>
          <TabsContent value="history">
            <OfferHistory kind={kind} name={offer.name} />
          </TabsContent>
        </Tabs>
      </CardBody>
    </Card>
  );
}

function ToolStar({ name }: { name: string }) {
  const { data: server } = useSuspenseQuery(serverQuery(useServerRef()));
  return <StarButton target={{ project: server.project_id, server: server.id, tool: name }} name={name} />;
}

function Hints({ definition: { annotations, mimeType } }: { definition: Definition }) {
  const t = useTranslations("tools");
  const isReadOnly = annotations?.readOnlyHint === true;
  const hints = [
    isReadOnly && <Badge key="read" tone="success">{t("readOnly")}</Badge>,
    !isReadOnly && annotations?.destructiveHint === true && <Badge key="destructive" tone="danger">{t("destructive")}</Badge>,
    annotations?.idempotentHint === true && <Badge key="idempotent">{t("idempotent")}</Badge>,
    annotations?.openWorldHint === true && <Badge key="open">{t("openWorld")}</Badge>,
    mimeType !== undefined && <Badge key="type" tone="outline">{mimeType}</Badge>,
  ].filter((hint) => hint !== false);
  if (hints.length === 0) return null;
  return <div className="flex flex-wrap gap-1.5">{hints}</div>;
}

interface Argument {
  name: string;
  type: string;
  isRequired: boolean;
  description?: string;
}

function argumentsOf(definition: Definition): Argument[] {
  if (definition.arguments !== undefined) {
    return definition.arguments.map(({ name, description, required }) => ({ name, description, type: "string", isRequired: required === true }));
  }
  const root = asSchema(definition.inputSchema);
  return Object.entries(effective(root, root).properties ?? {}).map(([name, property]) => {
    const schema = effective(property, root);
    const choices = schema.enum?.map((choice) => JSON.stringify(choice)).join(" | ");
    const type = Array.isArray(schema.type) ? schema.type.join(" | ") : schema.type;
    return { name, type: choices ?? type ?? "any", description: schema.description, isRequired: root.required?.includes(name) ?? false };
  });
}

function Arguments({ definition }: { definition: Definition }) {
  const t = useTranslations("tools");
  const all = argumentsOf(definition);
  if (all.length === 0) return <p className="text-sm text-muted-foreground">{t("noArguments")}</p>;
  return (
    <div tabIndex={0} role="region" aria-label={t("arguments")} className="thin-scrollbar overflow-x-auto rounded-md border border-border">
      <Table>
        <thead className="border-b border-border">
          <tr>
            <Th>{t("name")}</Th>
            <Th>{t("type")}</Th>
            <Th>{t("meaning")}</Th>
          </tr>
        </thead>
        <tbody className="divide-y divide-border">
          {all.map(({ name, type, isRequired, description }) => (
            <tr key={name}>
              <Td className="align-top font-mono text-xs whitespace-nowrap">
                {name}
                {isRequired && (
                  <span className="text-danger" title={t("required")}>
                    {" *"}
                    <span className="sr-only">{t("required")}</span>
                  </span>
                )}
              </Td>
              <Td className="max-w-48 align-top font-mono text-xs [overflow-wrap:anywhere]">{type}</Td>
              <Td className="min-w-40 align-top text-sm [overflow-wrap:anywhere]">{description}</Td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  );
}
