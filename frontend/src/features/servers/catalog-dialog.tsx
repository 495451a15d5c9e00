"use client";

import { ExternalLinkIcon } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { GuardedButton } from "@/components/guarded-button";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { Input } from "@/components/ui/input";
import { useRoleReason } from "@/components/use-role-reason";
import { paths } from "@/lib/paths";
import { useProjectRef } from "@/lib/route";

import { catalogRequest } from "./catalog-request";
import { useCreateServer } from "./mutations";
import type { CatalogServer } from "./queries";

interface CatalogDialogProps {
  open: boolean;
  server: CatalogServer | undefined;
  onClose: () => void;
}

export function CatalogDialog({ open, server, onClose }: CatalogDialogProps) {
  return (
    <Dialog
      open={open}
      onOpenChange={(next) => {
        if (!next) onClose();
      }}
    >
      {server !== undefined && (
        <DialogContent heading={server.name} description={server.description}>
          <CatalogForm server={server} />
        </DialogContent>
      )}
    </Dialog>
  );
}

function CatalogForm({ server }: { server: CatalogServer }) {
  const t = useTranslations("addServer");
  const form = useTranslations("serverForm");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const ref = useProjectRef();
  const router = useRouter();
  const reason = useRoleReason("manageServers");
  const create = useCreateServer(ref);
  const [isChecked, setChecked] = useState(false);
  const inputs = server.inputs ?? [];
  const [alias, setAlias] = useState(server.id);
  const [filled, setFilled] = useState<Record<string, string>>({});
  const missing = inputs.filter((input) => input.optional !== true && (filled[input.name] ?? "").trim() === "");
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        if (missing.length > 0) return;
        create.mutate(catalogRequest(server, alias.trim(), filled), {
          onSuccess: (created) => {
            router.push(paths.server({ ...ref, server: created.alias }));
          },
        });
      }}
    >
      <DialogBody>
        {create.isError && <Alert tone="danger">{errorText(create.error)}</Alert>}
        {inputs.map((input) => (
          <Field
            key={input.name}
            label={<span className="font-mono text-xs">{input.name}</span>}
            hint={input.help}
            optional={input.optional === true}
            error={isChecked && missing.includes(input) ? t("inputMissing") : undefined}
          >
            {(field) => (
              <Input
                {...field}
                type={input.secret === true ? "password" : "text"}
                autoComplete={input.secret === true ? "new-password" : "off"}
                spellCheck={false}
                value={filled[input.name] ?? ""}
                onChange={(event) => {
                  setFilled({ ...filled, [input.name]: event.target.value });
                }}
              />
            )}
          </Field>
        ))}
        <Field label={form("alias")} hint={form("aliasHint")}>
          {(field) => (
            <Input
              {...field}
              className="font-mono"
              autoComplete="off"
              spellCheck={false}
              value={alias}
              onChange={(event) => {
                setAlias(event.target.value);
              }}
            />
          )}
        </Field>
        <a
          href={server.homepage}
          target="_blank"
          rel="noreferrer"
          className="flex items-center gap-1 justify-self-start text-sm text-brand hover:underline"
        >
          {t("homepage")} <ExternalLinkIcon aria-hidden className="size-3.5" />
        </a>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        {reason === undefined ? (
          <SubmitButton pending={create.isPending || create.isSuccess}>{t("add")}</SubmitButton>
        ) : (
          <GuardedButton variant="primary" reason={reason}>
            {t("add")}
          </GuardedButton>
        )}
      </DialogFooter>
    </form>
  );
}
