"use client";

import { standardSchemaResolver } from "@hookform/resolvers/standard-schema";
import { type ReactNode, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";
import * as z from "zod/mini";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { placeFieldErrors } from "@/components/form-errors";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter, DialogTrigger } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/input";
import { useProjectRef } from "@/lib/route";

import { MadeKey } from "./made-key";
import { useCreateKey } from "./mutations";
import { ScopeFields, toScope, WHOLE_SCOPE } from "./scope-fields";

const EXPIRIES = ["never", "7", "30", "90", "365"] as const;
const DAY_MS = 86_400_000;

function expiresAt(expiry: (typeof EXPIRIES)[number]): string | undefined {
  return expiry === "never" ? undefined : new Date(Date.now() + Number(expiry) * DAY_MS).toISOString();
}

export function CreateKeyDialog({ trigger }: { trigger: ReactNode }) {
  const t = useTranslations("keys");
  const [made, setMade] = useState<string>();
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog
      open={isOpen}
      onOpenChange={(open) => {
        setOpen(open);
        setMade(undefined);
      }}
    >
      <DialogTrigger asChild>{trigger}</DialogTrigger>
      {made === undefined ? (
        <DialogContent heading={t("createHeading")} description={t("createDescription")}>
          <CreateKeyForm onMade={setMade} />
        </DialogContent>
      ) : (
        <DialogContent
          heading={t("madeHeading")}
          className="max-w-2xl"
          // The key is gone with the dialog, so a stray click must not close it.
          onInteractOutside={(event) => {
            event.preventDefault();
          }}
        >
          <MadeKey apiKey={made} />
        </DialogContent>
      )}
    </Dialog>
  );
}

function CreateKeyForm({ onMade }: { onMade: (key: string) => void }) {
  const t = useTranslations("keys");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const create = useCreateKey(useProjectRef());
  const schema = z.object({ name: z.string().check(z.trim(), z.minLength(1, t("nameMissing"))), expiry: z.enum(EXPIRIES) });
  const [scope, setScope] = useState(WHOLE_SCOPE);
  const [isChecked, setChecked] = useState(false);
  const hasNoServer = scope.servers?.length === 0;
  const form = useForm({ resolver: standardSchemaResolver(schema), defaultValues: { name: "", expiry: "never" as const } });
  const { errors } = form.formState;
  const submit = form.handleSubmit(({ name, expiry }) => {
    if (hasNoServer) return;
    create.mutate(
      { name, expires_at: expiresAt(expiry), scope: toScope(scope) },
      {
        onSuccess: (key) => {
          onMade(key.key);
        },
        onError: (cause) => {
          if (placeFieldErrors(cause, form, { name: "name", expires_at: "expiry" })) create.reset();
        },
      },
    );
  });
  return (
    <form noValidate onSubmit={(event) => {
        setChecked(true);
        void submit(event);
      }}>
      <DialogBody>
        {create.isError && <Alert tone="danger">{errorText(create.error)}</Alert>}
        <Field label={t("name")} hint={t("nameHint")} error={errors.name?.message}>
          {(field) => <Input {...field} autoComplete="off" {...form.register("name")} />}
        </Field>
        <Field label={t("expiry")} error={errors.expiry?.message}>
          {(field) => (
            <Select {...field} {...form.register("expiry")}>
              {EXPIRIES.map((choice) => (
                <option key={choice} value={choice}>
                  {t(`expiries.${choice}`)}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <ScopeFields value={scope} onChange={setScope} />
        {isChecked && hasNoServer && <Alert tone="danger">{t("scope.noServer")}</Alert>}
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        <SubmitButton pending={create.isPending}>{t("createAction")}</SubmitButton>
      </DialogFooter>
    </form>
  );
}
