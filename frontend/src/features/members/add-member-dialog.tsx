"use client";

import { zodResolver } from "@hookform/resolvers/zod";
import { useForm } from "react-hook-form";
import { useTranslations } from "use-intl";
import { z } from "zod";

import { useErrorText } from "@/components/error-text";
import { Field } from "@/components/field";
import { SubmitButton } from "@/components/submit-button";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/input";
import { useProjectRef } from "@/lib/route";
import { toast } from "@/lib/toasts";

import { usePutMember } from "./mutations";

interface AddMemberDialogProps {
  open: boolean;
  onOpenChange: (open: boolean) => void;
}

/** Gives somebody with an account a role here. */
export function AddMemberDialog({ open, onOpenChange }: AddMemberDialogProps) {
  const t = useTranslations("members");
  return (
    <Dialog open={open} onOpenChange={onOpenChange}>
      <DialogContent heading={t("addHeading")} description={t("addDescription")} className="max-w-md">
        <AddMemberForm
          onDone={() => {
            onOpenChange(false);
          }}
        />
      </DialogContent>
    </Dialog>
  );
}

function AddMemberForm({ onDone }: { onDone: () => void }) {
  const t = useTranslations("members");
  const common = useTranslations("common");
  const errorText = useErrorText();
  const put = usePutMember(useProjectRef());
  const schema = z.object({ user: z.string().trim().regex(/^\S+@\S+$/, t("emailInvalid")), role: z.enum(["admin", "member", "viewer"]) });
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { user: "", role: "member" as const } });
  const submit = form.handleSubmit((values) => {
    put.mutate(values, {
      onSuccess: () => {
        toast.success(t("added", { name: values.user }));
        onDone();
      },
    });
  });
  return (
    <form noValidate onSubmit={(event) => void submit(event)}>
      <DialogBody>
        {put.isError && <Alert tone="danger">{errorText(put.error)}</Alert>}
        <Field label={t("email")} error={form.formState.errors.user?.message}>
          {(field) => <Input {...field} type="email" autoComplete="off" {...form.register("user")} />}
        </Field>
        <Field label={t("role")} hint={t("roleHint")}>
          {(field) => (
            <Select {...field} {...form.register("role")}>
              <option value="viewer">{common("role.viewer")}</option>
              <option value="member">{common("role.member")}</option>
              <option value="admin">{common("role.admin")}</option>
            </Select>
          )}
        </Field>
      </DialogBody>
      <DialogFooter>
        <DialogClose asChild>
          <Button>{common("cancel")}</Button>
        </DialogClose>
        <SubmitButton pending={put.isPending}>{common("add")}</SubmitButton>
      </DialogFooter>
    </form>
  );
}
