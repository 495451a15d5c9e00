"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { RelativeTime } from "@/components/relative-time";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input } from "@/components/ui/input";
import { useAccess } from "@/lib/data/projects";
import type { ServerRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useUpdateOwnValues } from "./mutations";
import { ownValuesQuery, type PersonalSecret } from "./queries";

/** The user's own values for a server that asks each member for some. Write-only: a stored one is never shown. */
export function OwnValuesCard({ project }: { project: ServerRef }) {
  const { may } = useAccess();
  const { data: asked } = useQuery({ ...ownValuesQuery(project), enabled: may("useOwnKeys") });
  if (asked === undefined || asked.length === 0) return null;
  return <OwnValuesForm project={project} asked={asked} />;
}

const keyOf = ({ kind, name }: PersonalSecret) => `${kind} ${name}`;

function OwnValuesForm({ project, asked }: { project: ServerRef; asked: PersonalSecret[] }) {
  const t = useTranslations("ownValues");
  const errorText = useErrorText();
  const update = useUpdateOwnValues(project);
  const [typed, setTyped] = useState<Record<string, string>>({});
  const isMissing = asked.some(({ required, stored_at }) => required && stored_at === null);
  const written = asked.filter((secret) => (typed[keyOf(secret)] ?? "") !== "");
  const send = (values: { secret: PersonalSecret; value: string | null }[], done: string) => {
    update.mutate(values, {
      onSuccess: () => {
        setTyped({});
        toast.success(done);
      },
    });
  };
  return (
    <Card className={isMissing ? "border-warning/50" : undefined}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (written.length === 0) return;
          send(
            written.map((secret) => ({ secret, value: typed[keyOf(secret)] ?? "" })),
            t("stored"),
          );
        }}
      >
        <CardHeader heading={t("heading")} description={t("description")} />
        <CardBody className="grid gap-4">
          {isMissing && <Alert tone="warning">{t("missing")}</Alert>}
          {update.isError && <Alert tone="danger">{errorText(update.error)}</Alert>}
          {asked.map((secret) => (
            <Field
              key={keyOf(secret)}
              label={<code className="text-xs [overflow-wrap:anywhere]">{secret.name}</code>}
              optional={!secret.required}
              hint={
                <>
                  {secret.description !== "" && <span className="block">{secret.description}</span>}
                  {secret.stored_at === null ? (
                    t("notStored")
                  ) : (
                    <>
                      {t("storedAt")} <RelativeTime at={secret.stored_at} />
                    </>
                  )}
                </>
              }
            >
              {(field) => (
                <div className="flex items-center gap-2">
                  <Input
                    {...field}
                    type="password"
                    autoComplete="new-password"
                    placeholder={secret.stored_at === null ? t("value") : t("replace")}
                    className="flex-1 font-mono text-xs"
                    value={typed[keyOf(secret)] ?? ""}
                    onChange={(event) => {
                      setTyped({ ...typed, [keyOf(secret)]: event.target.value });
                    }}
                  />
                  {secret.stored_at !== null && (
                    <Button
                      variant="danger"
                      aria-label={t("removeNamed", { name: secret.name })}
                      disabled={update.isPending}
                      onClick={() => {
                        send([{ secret, value: null }], t("removed"));
                      }}
                    >
                      {t("remove")}
                    </Button>
                  )}
                </div>
              )}
            </Field>
          ))}
        </CardBody>
        <CardFooter>
          <SubmitButton pending={update.isPending} disabled={written.length === 0}>
            {t("store")}
          </SubmitButton>
        </CardFooter>
      </form>
    </Card>
  );
}
