"use client";

import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { GuardedButton } from "@/components/guarded-button";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Card, CardBody, CardFooter, CardHeader } from "@/components/ui/card";
import { Input, Select } from "@/components/ui/input";
import { Switch } from "@/components/ui/switch";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useUpdateServer } from "./mutations";

const ISOLATIONS = ["shared", "per_principal", "per_session"] as const;

const text = (value: number | null | undefined) => (value === null || value === undefined ? "" : String(value));
const number = (value: string) => (value.trim() === "" ? null : Number(value));

/** How a server is run: who shares its process, and when it runs. An empty field takes the instance's own setting. */
export function RunForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverRun");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const update = useUpdateServer(project);
  const { run } = server;
  const [values, setValues] = useState({
    isolation: run.isolation,
    alwaysOn: run.always_on,
    idleStop: text(run.idle_stop),
    maxInFlight: text(run.max_in_flight),
    maxConnections: text(run.max_connections),
  });
  const numeric = [
    ["idleStop", 604_800],
    ["maxInFlight", 65_536],
    ["maxConnections", 10_000],
  ] as const;
  const problemOf = (key: (typeof numeric)[number][0], most: number) => {
    const value = number(values[key]);
    return value === null || (Number.isInteger(value) && value >= 1 && value <= most) ? undefined : t("outOfRange", { most });
  };
  const hasProblem = numeric.some(([key, most]) => problemOf(key, most) !== undefined);
  return (
    <Card>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (hasProblem) return;
          update.mutate(
            {
              version: server.version,
              body: {
                run: {
                  isolation: values.isolation,
                  always_on: values.alwaysOn,
                  idle_stop: number(values.idleStop),
                  max_in_flight: number(values.maxInFlight),
                  max_connections: number(values.maxConnections),
                },
              },
            },
            {
              onSuccess: () => {
                toast.success(common("saved"));
              },
            },
          );
        }}
      >
        <CardHeader heading={t("heading")} description={t("description")} />
        <CardBody>
          <fieldset disabled={reason !== undefined} className="grid gap-4 sm:grid-cols-2">
            {update.isError && (
              <Alert tone="danger" className="sm:col-span-2">
                {errorText(update.error)}
              </Alert>
            )}
            <Field label={t("isolation")} hint={t(`isolationHint.${values.isolation}`)}>
              {(field) => (
                <Select
                  {...field}
                  value={values.isolation}
                  onChange={(event) => {
                    setValues({ ...values, isolation: event.target.value as typeof values.isolation });
                  }}
                >
                  {ISOLATIONS.map((choice) => (
                    <option key={choice} value={choice}>
                      {t(`isolations.${choice}`)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            <Field label={t("alwaysOn")} hint={t("alwaysOnHint")}>
              {(field) => (
                <Switch
                  {...field}
                  className="my-2"
                  checked={values.alwaysOn}
                  onCheckedChange={(alwaysOn) => {
                    setValues({ ...values, alwaysOn });
                  }}
                />
              )}
            </Field>
            {numeric.map(([key, most]) => (
              <Field key={key} label={t(key)} optional hint={t(`${key}Hint`)} error={problemOf(key, most)}>
                {(field) => (
                  <Input
                    {...field}
                    inputMode="numeric"
                    placeholder={t("instanceSetting")}
                    value={values[key]}
                    onChange={(event) => {
                      setValues({ ...values, [key]: event.target.value });
                    }}
                  />
                )}
              </Field>
            ))}
          </fieldset>
        </CardBody>
        <CardFooter>
          {reason === undefined ? (
            <SubmitButton pending={update.isPending} disabled={hasProblem}>
              {common("save")}
            </SubmitButton>
          ) : (
            <GuardedButton variant="primary" reason={reason}>
              {common("save")}
            </GuardedButton>
          )}
        </CardFooter>
      </form>
    </Card>
  );
}
