"use client";

import { useMutation } from "@tanstack/react-query";
import { ExternalLinkIcon } from "lucide-react";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input, Textarea } from "@/components/ui/input";
import { asSchema, initialValue, type Json, lacks as lacksOf } from "@/lib/json-schema";

import { ContentView } from "./result-view";
import { SchemaForm } from "./schema-form";
import type { Question } from "./use-call";

type Answer = { result: unknown } | { error: string };

interface QuestionCardProps {
  question: Question;
  onAnswer: (question: number, answer: Answer) => Promise<void>;
}

interface FormProps {
  params: Record<string, unknown>;
  pending: boolean;
  answer: (answer: Answer) => void;
}

/** What the server asks in the middle of a call, to be answered here. */
export function QuestionCard({ question, onAnswer }: QuestionCardProps) {
  const t = useTranslations("playground");
  const errorText = useErrorText();
  const answering = useMutation({ mutationFn: (answer: Answer) => onAnswer(question.question, answer) });
  const { method } = question;
  const props: FormProps = {
    params: question.params ?? {},
    pending: answering.isPending,
    answer: (answer) => {
      answering.mutate(answer);
    },
  };
  const known = method === "elicitation/create" ? "elicitation" : method === "sampling/createMessage" ? "sampling" : method === "roots/list" ? "roots" : "other";
  return (
    <Card className="border-info-mark">
      <CardHeader heading={t(`question.${known}`)} description={t(`questionHint.${known}`)} />
      {answering.isError && (
        <Alert tone="danger" className="m-4 mb-0">
          {errorText(answering.error)}
        </Alert>
      )}
      {known === "elicitation" && (props.params.mode === "url" ? <UrlElicitation {...props} /> : <FormElicitation {...props} />)}
      {known === "sampling" && <Sampling {...props} />}
      {known === "roots" && <Roots {...props} />}
      {known === "other" && (
        <CardFooter>
          <Refuse {...props} />
        </CardFooter>
      )}
    </Card>
  );
}

function Refuse({ answer, pending }: FormProps) {
  const t = useTranslations("playground");
  return (
    <Button
      disabled={pending}
      onClick={() => {
        answer({ error: "the user refused" });
      }}
    >
      {t("refuse")}
    </Button>
  );
}

function Decline({ answer, pending }: FormProps) {
  const t = useTranslations("playground");
  return (
    <Button
      disabled={pending}
      onClick={() => {
        answer({ result: { action: "decline" } });
      }}
    >
      {t("decline")}
    </Button>
  );
}

function FormElicitation(props: FormProps) {
  const t = useTranslations("playground");
  const schema = asSchema(props.params.requestedSchema);
  const [value, setValue] = useState<Json | undefined>(() => initialValue(schema, schema) ?? {});
  const [isTried, setTried] = useState(false);
  const found = lacksOf(value, schema, schema);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (found.length === 0) props.answer({ result: { action: "accept", content: value } });
      }}
    >
      <CardBody className="grid gap-4">
        <p className="text-sm [overflow-wrap:anywhere] whitespace-pre-wrap">{String(props.params.message ?? "")}</p>
        <SchemaForm
          schema={schema}
          value={value}
          onChange={setValue}
          lacks={new Map(isTried ? found.map(({ path, problem }) => [path, problem]) : [])}
        />
      </CardBody>
      <CardFooter>
        <Decline {...props} />
        <SubmitButton pending={props.pending}>{t("sendAnswer")}</SubmitButton>
      </CardFooter>
    </form>
  );
}

function UrlElicitation(props: FormProps) {
  const t = useTranslations("playground");
  const url = String(props.params.url ?? "");
  const isSafe = /^https?:\/\//.test(url);
  return (
    <>
      <CardBody className="grid gap-2 text-sm">
        <p className="[overflow-wrap:anywhere] whitespace-pre-wrap">{String(props.params.message ?? "")}</p>
        <p className="font-mono text-xs [overflow-wrap:anywhere]">{url}</p>
      </CardBody>
      <CardFooter>
        <Decline {...props} />
        {isSafe && (
          <Button asChild variant="primary">
            <a
              href={url}
              target="_blank"
              rel="noreferrer noopener"
              onClick={() => {
                props.answer({ result: { action: "accept" } });
              }}
            >
              {t("openPage")} <ExternalLinkIcon aria-hidden />
            </a>
          </Button>
        )}
      </CardFooter>
    </>
  );
}

interface SamplingMessage {
  role?: string;
  content?: Parameters<typeof ContentView>[0]["content"] | Parameters<typeof ContentView>[0]["content"][];
}

function Sampling(props: FormProps) {
  const t = useTranslations("playground");
  const [text, setText] = useState("");
  const [model, setModel] = useState("human");
  const messages = Array.isArray(props.params.messages) ? (props.params.messages as SamplingMessage[]) : [];
  const system = props.params.systemPrompt;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        props.answer({ result: { role: "assistant", content: { type: "text", text }, model, stopReason: "endTurn" } });
      }}
    >
      <CardBody className="grid gap-3">
        {typeof system === "string" && <p className="text-sm text-muted-foreground [overflow-wrap:anywhere] whitespace-pre-wrap">{system}</p>}
        {messages.map((message, index) => (
          <div key={index} className="grid gap-1">
            <span className="text-xs font-medium text-muted-foreground">{message.role}</span>
            {[message.content ?? []].flat().map((content, at) => (
              <ContentView key={at} content={content} />
            ))}
          </div>
        ))}
        <Field label={t("modelAnswer")}>
          {(control) => (
            <Textarea
              {...control}
              required
              rows={4}
              value={text}
              onChange={(event) => {
                setText(event.target.value);
              }}
            />
          )}
        </Field>
        <Field label={t("modelName")}>
          {(control) => (
            <Input
              {...control}
              required
              className="max-w-60"
              value={model}
              onChange={(event) => {
                setModel(event.target.value);
              }}
            />
          )}
        </Field>
      </CardBody>
      <CardFooter>
        <Refuse {...props} />
        <SubmitButton pending={props.pending}>{t("sendAnswer")}</SubmitButton>
      </CardFooter>
    </form>
  );
}

function Roots(props: FormProps) {
  const t = useTranslations("playground");
  const [text, setText] = useState("");
  const roots = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        props.answer({ result: { roots: roots.map((uri) => ({ uri })) } });
      }}
    >
      <CardBody>
        <Field label={t("roots")} hint={t("rootsHint")}>
          {(control) => (
            <Textarea
              {...control}
              className="font-mono text-xs"
              value={text}
              onChange={(event) => {
                setText(event.target.value);
              }}
            />
          )}
        </Field>
      </CardBody>
      <CardFooter>
        <Refuse {...props} />
        <SubmitButton pending={props.pending}>{t("sendAnswer")}</SubmitButton>
      </CardFooter>
    </form>
  );
}
