"use client";

import { LockIcon } from "lucide-react";
import type { ChangeEvent, ReactNode } from "react";
import { useForm, type UseFormReturn } from "react-hook-form";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { useFieldErrors } from "@/components/form-errors";
import { Button } from "@/components/ui/button";
import { Input, Select, Textarea } from "@/components/ui/input";
import { useSchema, type Z } from "@/components/use-schema";
import { useSlugOf } from "@/components/use-slug-of";
import { useUnsaved } from "@/lib/leaving";

import { SecretRows } from "./secret-rows";
import type { ServerFormValues } from "./server-form-values";

const ALIAS = /^[a-z][a-z0-9-]{0,23}$/;
const ALIAS_LENGTH = 24;

const rows = (z: Z) => z.array(z.object({ name: z.string(), value: z.string(), stored: z.boolean() }));

interface ServerFormProps {
  form: UseFormReturn<ServerFormValues>;
  /** How many arguments the daemon has. */
  storedArgs?: number;
  /** Stands above the fields: why it was not saved. */
  problem: ReactNode;
  disabled?: boolean;
  onSubmit: (values: ServerFormValues, onError: (cause: unknown) => void) => void;
  /** What else there is to say of a server with a process of its own. */
  ofProcess?: ReactNode;
  /** Stands below the fields: the buttons. */
  footer: (isDirty: boolean) => ReactNode;
}

export function useServerForm(defaultValues: ServerFormValues): UseFormReturn<ServerFormValues> {
  const t = useTranslations("serverForm");
  const resolver = useSchema((z) =>
    z
      .object({
        alias: z.string().check(z.trim(), z.regex(ALIAS, t("aliasInvalid"))),
        name: z.string(),
        type: z.enum(["stdio", "streamable-http", "sse"]),
        command: z.string(),
        args: z.string(),
        keepArgs: z.boolean(),
        cwd: z.string(),
        env: rows(z),
        url: z.string(),
        headers: rows(z),
        timeout: z.string().check(
          z.refine((text) => text.trim() === "" || (Number(text) > 0 && Number(text) <= 3600), t("timeoutInvalid")),
        ),
      })
      .check(
        z.refine((form) => form.type !== "stdio" || form.command.trim() !== "", {
          path: ["command"],
          message: t("commandMissing"),
        }),
        z.refine((form) => form.type === "stdio" || /^https?:\/\/\S+$/.test(form.url.trim()), {
          path: ["url"],
          message: t("urlInvalid"),
        }),
      ),
  );
  return useForm<ServerFormValues>({ resolver, defaultValues });
}

export function ServerForm({ form, storedArgs = 0, problem, disabled = false, onSubmit, ofProcess, footer }: ServerFormProps) {
  const t = useTranslations("serverForm");
  const placeFieldErrors = useFieldErrors();
  const { register, control, watch, setValue, formState } = form;
  const { errors, isDirty, dirtyFields } = formState;
  const aliasOf = useSlugOf("server", ALIAS_LENGTH);
  useUnsaved(isDirty);
  // Two fields say which others there are.
  const [type, keepArgs] = watch(["type", "keepArgs"]);
  const submit = form.handleSubmit((written) => {
    onSubmit(written, (cause) => {
      placeFieldErrors(cause, form, {
        alias: "alias",
        name: "name",
        timeout: "timeout",
        "transport.command": "command",
        "transport.args": "args",
        "transport.cwd": "cwd",
        "transport.url": "url",
      });
    });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <fieldset disabled={disabled} className="grid gap-5 p-4">
        {problem}
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={t("name")} optional hint={t("nameHint")} error={errors.name?.message}>
            {(field) => (
              <Input
                {...field}
                autoComplete="off"
                {...register("name", {
                  onChange: (event: ChangeEvent<HTMLInputElement>) => {
                    // A new one's, until somebody writes it.
                    if (formState.defaultValues?.alias === "" && dirtyFields.alias !== true) setValue("alias", aliasOf(event.target.value));
                  },
                })}
              />
            )}
          </Field>
          <Field label={t("alias")} hint={t("aliasHint")} error={errors.alias?.message}>
            {(field) => <Input {...field} autoComplete="off" spellCheck={false} className="font-mono" {...register("alias")} />}
          </Field>
          <Field label={t("type")} hint={t(`typeHint.${type}`)}>
            {(field) => (
              <Select {...field} {...register("type")}>
                <option value="stdio">{t("types.stdio")}</option>
                <option value="streamable-http">{t("types.streamable-http")}</option>
                <option value="sse">{t("types.sse")}</option>
              </Select>
            )}
          </Field>
          <Field label={t("timeout")} optional hint={t("timeoutHint")} error={errors.timeout?.message}>
            {(field) => <Input {...field} inputMode="numeric" placeholder="30" {...register("timeout")} />}
          </Field>
        </div>
        {type === "stdio" ? (
          <>
            <div className="grid gap-4 sm:grid-cols-2">
              <Field label={t("command")} error={errors.command?.message}>
                {(field) => (
                  <Input {...field} placeholder="npx" autoComplete="off" spellCheck={false} className="font-mono" {...register("command")} />
                )}
              </Field>
              <Field label={t("cwd")} optional error={errors.cwd?.message}>
                {(field) => <Input {...field} autoComplete="off" spellCheck={false} className="font-mono" {...register("cwd")} />}
              </Field>
            </div>
            {keepArgs ? (
              <div className="grid gap-1">
                <span className="text-sm font-medium">{t("args")}</span>
                <div className="flex flex-wrap items-center gap-3 text-sm text-muted-foreground">
                  <span className="flex items-center gap-1.5">
                    <LockIcon aria-hidden className="size-3.5" /> {t("argsStored", { count: storedArgs })}
                  </span>
                  <Button
                    size="sm"
                    onClick={() => {
                      setValue("keepArgs", false, { shouldDirty: true });
                    }}
                  >
                    {t("replaceArgs")}
                  </Button>
                </div>
              </div>
            ) : (
              <Field label={t("args")} optional hint={t("argsHint")} error={errors.args?.message}>
                {(field) => (
                  <Textarea
                    {...field}
                    rows={3}
                    spellCheck={false}
                    placeholder={"-y\n@modelcontextprotocol/server-everything"}
                    className="font-mono text-xs leading-relaxed"
                    {...register("args")}
                  />
                )}
              </Field>
            )}
            <SecretRows name="env" control={control} register={register} />
          </>
        ) : (
          <>
            <Field label={t("url")} error={errors.url?.message}>
              {(field) => (
                <Input {...field} type="url" placeholder="https://mcp.example.com/mcp" spellCheck={false} className="font-mono" {...register("url")} />
              )}
            </Field>
            <SecretRows name="headers" control={control} register={register} />
          </>
        )}
        <p className="flex items-center gap-1.5 text-xs text-muted-foreground">
          <LockIcon aria-hidden className="size-3.5 shrink-0" /> {t("secretsHint")}
        </p>
        {type === "stdio" && ofProcess}
      </fieldset>
      <footer className="flex flex-wrap items-center justify-end gap-2 border-t border-border px-4 py-2.5">{footer(isDirty)}</footer>
    </form>
  );
}
