"use client";

import { Controller, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input, Select } from "@/components/ui/input";
import { Switch } from "@/components/ui/switch";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import { optionalWhole, toNumber, toText } from "@/components/whole-number";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";

const ISOLATIONS = ["shared", "per_principal", "per_session"] as const;

const NUMBERS = ["idleStop", "maxInFlight", "maxConnections"] as const;

const valuesOf = ({ run }: Server) => ({
  isolation: run.isolation,
  alwaysOn: run.always_on,
  idleStop: toText(run.idle_stop),
  maxInFlight: toText(run.max_in_flight),
  maxConnections: toText(run.max_connections),
});

/** How a server is run: who shares its process, and when it runs. An empty field takes the instance's own setting. */
export function RunForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverRun");
  const update = useUpdateServer(project);
  const form = useForm({
    resolver: useSchema((z) => {
      const number = (most: number) => optionalWhole(z, 1, most, t("outOfRange", { most }));
      return z.object({
        isolation: z.enum(ISOLATIONS),
        alwaysOn: z.boolean(),
        idleStop: number(604_800),
        maxInFlight: number(65_536),
        maxConnections: number(10_000),
      });
    }),
    defaultValues: valuesOf(server),
  });
  const settings = useSettings(form, server, valuesOf);
  const { errors } = form.formState;
  // eslint-disable-next-line react-hooks/incompatible-library -- the hint follows what is chosen
  const isolation = form.watch("isolation");
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(written) => ({
        version: settings.version,
        body: {
          run: {
            isolation: written.isolation,
            always_on: written.alwaysOn,
            idle_stop: toNumber(written.idleStop),
            max_in_flight: toNumber(written.maxInFlight),
            max_connections: toNumber(written.maxConnections),
          },
        },
      })}
      places={() => ({
        "run.isolation": "isolation",
        "run.always_on": "alwaysOn",
        "run.idle_stop": "idleStop",
        "run.max_in_flight": "maxInFlight",
        "run.max_connections": "maxConnections",
      })}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("isolation")} hint={t(`isolationHint.${isolation}`)} error={errors.isolation?.message}>
          {(field) => (
            <Select {...field} {...form.register("isolation")}>
              {ISOLATIONS.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`isolations.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("alwaysOn")} hint={t("alwaysOnHint")} error={errors.alwaysOn?.message}>
          {(field) => (
            <Controller
              control={form.control}
              name="alwaysOn"
              render={({ field: { value, onChange } }) => (
                <Switch {...field} className="my-2" checked={value} onCheckedChange={onChange} disabled={reason !== undefined} />
              )}
            />
          )}
        </Field>
        {NUMBERS.map((key) => (
          <Field key={key} label={t(key)} optional hint={t(`${key}Hint`)} error={errors[key]?.message}>
            {(field) => <Input {...field} inputMode="numeric" placeholder={t("instanceSetting")} {...form.register(key)} />}
          </Field>
        ))}
      </div>
    </SettingsForm>
  );
}
