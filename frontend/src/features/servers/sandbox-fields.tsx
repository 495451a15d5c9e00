"use client";

import { Controller, type UseFormReturn, useForm, useFormState, useWatch } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Input, Select, Textarea } from "@/components/ui/input";
import { RadioCard, RadioGroup } from "@/components/ui/radio-group";
import { useSchema } from "@/components/use-schema";

import { isConfined, MODES, NETWORKS, type SandboxValues, toPaths, toPorts } from "./sandbox-values";

interface SandboxFieldsProps {
  form: UseFormReturn<SandboxValues>;
  modes: readonly SandboxValues["mode"][];
  disabled: boolean;
}

/** What there is to say about a sandbox. The modes are those to choose from. */
export function SandboxFields({ form, modes, disabled }: SandboxFieldsProps) {
  const t = useTranslations("serverSandbox");
  const { control, register } = form;
  const { errors } = useFormState({ control });
  const [mode, network] = useWatch({ control, name: ["mode", "network"] });
  return (
    <>
      <Controller
        control={control}
        name="mode"
        render={({ field: { value, onChange } }) => (
          <RadioGroup aria-label={t("mode")} value={value} onValueChange={onChange} disabled={disabled}>
            {modes.map((choice) => (
              <RadioCard key={choice} value={choice} label={t(`modes.${choice}`)} hint={t(`modeHint.${choice}`)} />
            ))}
          </RadioGroup>
        )}
      />
      {errors.mode !== undefined && <p className="text-sm text-danger">{errors.mode.message}</p>}
      {isConfined(mode) && (
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
                  {...register("readPaths")}
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
                  {...register("writePaths")}
                />
              )}
            </Field>
          </div>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t("network")} hint={t(`networkHint.${network}`)} error={errors.network?.message}>
              {(field) => (
                <Select {...field} {...register("network")}>
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
                {(field) => <Input {...field} inputMode="numeric" autoComplete="off" placeholder="443" {...register("ports")} />}
              </Field>
            )}
          </div>
        </>
      )}
    </>
  );
}

export function useSandboxForm(defaultValues: SandboxValues): UseFormReturn<SandboxValues> {
  const t = useTranslations("serverSandbox");
  const resolver = useSchema((z) => {
    const paths = (path: "readPaths" | "writePaths") =>
      z.refine<SandboxValues>((written) => !isConfined(written.mode) || toPaths(written[path]) !== undefined, { path: [path], message: t("pathInvalid") });
    return z
      .object({
        mode: z.enum(MODES),
        readPaths: z.string(),
        writePaths: z.string(),
        network: z.enum(NETWORKS),
        ports: z.string(),
      })
      // What is not shown is not sent either.
      .check(
        paths("readPaths"),
        paths("writePaths"),
        z.refine((written) => !isConfined(written.mode) || written.network !== "ports" || toPorts(written.ports) !== undefined, {
          path: ["ports"],
          message: t("portsInvalid"),
        }),
      );
  });
  return useForm<SandboxValues>({ resolver, defaultValues });
}
