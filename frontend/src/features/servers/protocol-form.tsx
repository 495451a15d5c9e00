"use client";

import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Select } from "@/components/ui/input";
import { useSettings } from "@/components/use-settings";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";

const ERAS = ["auto", "legacy", "modern"] as const;
const INTERACTIVES = ["auto", "never"] as const;

const valuesOf = ({ era, interactive }: Server) => ({ era, interactive });

/** How the daemon speaks with a server. */
export function ProtocolForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverProtocol");
  const update = useUpdateServer(project);
  const form = useForm({ defaultValues: valuesOf(server) });
  const settings = useSettings(form, server, valuesOf);
  // eslint-disable-next-line react-hooks/incompatible-library -- the hints follow what is chosen
  const chosen = form.watch();
  const { errors } = form.formState;
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(body) => ({ version: settings.version, body })}
      places={() => ({ era: "era", interactive: "interactive" })}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label={t("era")} hint={t(`eraHint.${chosen.era}`)} error={errors.era?.message}>
          {(field) => (
            <Select {...field} {...form.register("era")}>
              {ERAS.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`eras.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <Field label={t("interactive")} hint={t(`interactiveHint.${chosen.interactive}`)} error={errors.interactive?.message}>
          {(field) => (
            <Select {...field} {...form.register("interactive")}>
              {INTERACTIVES.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`interactives.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
    </SettingsForm>
  );
}
