"use client";

import { Controller, useForm } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { SettingsForm } from "@/components/settings-form";
import { Input, Select, Textarea } from "@/components/ui/input";
import { RadioCard, RadioGroup } from "@/components/ui/radio-group";
import { useSchema } from "@/components/use-schema";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";
import { toPaths, toPorts } from "./sandbox-values";

const MODES = ["off", "on", "best_effort"] as const;
const NETWORKS = ["full", "none", "ports"] as const;

/** What the processes of a server may see and reach. */
export function SandboxForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverSandbox");
  const update = useUpdateServer(project);
  const { sandbox } = server;
  const form = useForm({
    resolver: useSchema((z) => {
      const paths = z.string().check(z.refine((text) => toPaths(text) !== undefined, t("pathInvalid")));
      return z
        .object({
          mode: z.enum(MODES),
          readPaths: paths,
          writePaths: paths,
          network: z.enum(NETWORKS),
          ports: z.string(),
        })
        .check(
          z.refine((written) => written.network !== "ports" || toPorts(written.ports) !== undefined, {
            path: ["ports"],
            message: t("portsInvalid"),
          }),
        );
    }),
    values: {
      mode: sandbox.mode,
      readPaths: sandbox.read_paths.join("\n"),
      writePaths: sandbox.write_paths.join("\n"),
      network: sandbox.network,
      ports: sandbox.ports.join(", "),
    },
  });
  const { errors } = form.formState;
  // eslint-disable-next-line react-hooks/incompatible-library -- what is chosen says which fields there are
  const { mode, network } = form.watch();
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description")}
      reason={reason}
      form={form}
      save={update}
      toRequest={(written) => ({
        version: server.version,
        body: {
          sandbox: {
            mode: written.mode,
            read_paths: toPaths(written.readPaths),
            write_paths: toPaths(written.writePaths),
            network: written.network,
            ...(written.network === "ports" ? { ports: toPorts(written.ports) } : {}),
          },
        },
      })}
      places={() => ({
        "sandbox.mode": "mode",
        "sandbox.read_paths": "readPaths",
        "sandbox.write_paths": "writePaths",
        "sandbox.network": "network",
        "sandbox.ports": "ports",
      })}
    >
      <Controller
        control={form.control}
        name="mode"
        render={({ field: { value, onChange } }) => (
          <RadioGroup aria-label={t("mode")} value={value} onValueChange={onChange} disabled={reason !== undefined}>
            {MODES.map((choice) => (
              <RadioCard key={choice} value={choice} label={t(`modes.${choice}`)} hint={t(`modeHint.${choice}`)} />
            ))}
          </RadioGroup>
        )}
      />
      {errors.mode !== undefined && <p className="text-sm text-danger">{errors.mode.message}</p>}
      {mode !== "off" && (
        <>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("readPaths")} optional hint={t("readPathsHint")} error={errors.readPaths?.message}>
              {(field) => (
                <Textarea
                  {...field}
                  rows={3}
                  spellCheck={false}
                  placeholder="/srv/data"
                  className="font-mono text-xs leading-relaxed"
                  {...form.register("readPaths")}
                />
              )}
            </Field>
            <Field label={t("writePaths")} optional hint={t("writePathsHint")} error={errors.writePaths?.message}>
              {(field) => (
                <Textarea
                  {...field}
                  rows={3}
                  spellCheck={false}
                  placeholder="~/output"
                  className="font-mono text-xs leading-relaxed"
                  {...form.register("writePaths")}
                />
              )}
            </Field>
          </div>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("network")} hint={t(`networkHint.${network}`)} error={errors.network?.message}>
              {(field) => (
                <Select {...field} {...form.register("network")}>
                  {NETWORKS.map((choice) => (
                    <option key={choice} value={choice}>
                      {t(`networks.${choice}`)}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
            {network === "ports" && (
              <Field label={t("ports")} hint={t("portsHint")} error={errors.ports?.message}>
                {(field) => <Input {...field} inputMode="numeric" autoComplete="off" placeholder="443" {...form.register("ports")} />}
              </Field>
            )}
          </div>
        </>
      )}
    </SettingsForm>
  );
}
