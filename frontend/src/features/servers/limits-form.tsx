"use client";

import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input } from "@/components/ui/input";
import { useSchema } from "@/components/use-schema";
import { useSettings } from "@/components/use-settings";
import { optionalWhole, toNumber, toText } from "@/components/whole-number";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";

const LIMITS = ["memory_mib", "cpu_seconds", "open_files", "processes", "line_kib", "log_kib"] as const;

/** Those that bound no process, but what is read of a server: all that there is of one elsewhere. */
const OF_REMOTE = ["line_kib", "log_kib"] as const;

const MOST = 4_294_967_295;

const valuesOf = ({ limits }: Server) => ({
  memory_mib: toText(limits.memory_mib),
  cpu_seconds: toText(limits.cpu_seconds),
  open_files: toText(limits.open_files),
  processes: toText(limits.processes),
  line_kib: toText(limits.line_kib),
  log_kib: toText(limits.log_kib),
});

/** What the processes of a server may use, and how much it may say. An empty field takes what the instance says. */
export function LimitsForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverLimits");
  const update = useUpdateServer(project);
  const { effective_limits: effective } = server;
  const isRemote = server.transport.type !== "stdio";
  const names: readonly (typeof LIMITS)[number][] = isRemote ? OF_REMOTE : LIMITS;
  const form = useForm({
    resolver: useSchema((z) => {
      // The least that the daemon takes, as crates/domain/src/limits.rs has it; the most is the instance's own.
      const limit = (least: number) => optionalWhole(z, least, MOST, t("outOfRange", { least }));
      return z.object({
        memory_mib: limit(16),
        cpu_seconds: limit(1),
        open_files: limit(16),
        processes: limit(1),
        line_kib: limit(1),
        log_kib: limit(16),
      });
    }),
    defaultValues: valuesOf(server),
  });
  const settings = useSettings(form, server, valuesOf);
  const { errors } = form.formState;
  return (
    <SettingsForm
      heading={t("heading")}
      description={t(isRemote ? "remoteDescription" : "description")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(written) => ({
        version: settings.version,
        body: { limits: Object.fromEntries(names.map((name) => [name, toNumber(written[name])])) },
      })}
      places={() => Object.fromEntries(LIMITS.map((name) => [`limits.${name}`, name]))}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        {names.map((name) => (
          <Field key={name} label={t(name)} optional hint={t(`${name}_hint`)} error={errors[name]?.message}>
            {(field) => (
              <Input
                {...field}
                inputMode="numeric"
                autoComplete="off"
                placeholder={effective[name] === null ? t("noLimit") : t("fromInstance", { value: effective[name] ?? 0 })}
                {...form.register(name)}
              />
            )}
          </Field>
        ))}
      </div>
    </SettingsForm>
  );
}
