"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslations } from "use-intl";

import { Field } from "@/components/field";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { Checkbox } from "@/components/ui/checkbox";
import { Dialog, DialogBody, DialogClose, DialogContent, DialogFooter } from "@/components/ui/dialog";
import { Input, Select } from "@/components/ui/input";
import { membersQuery } from "@/lib/data/members";
import { serversQuery } from "@/lib/data/servers";
import { useProjectRef } from "@/lib/route";

import { EFFECTS, type Effect, emptySubject, HINTS, isWhole, type RuleDraft, type Subject, SUBJECTS, subjectValue, withSubjectValue } from "./rules";

interface RuleDialogProps {
  open: boolean;
  rule: RuleDraft;
  onClose: () => void;
  onSave: (rule: RuleDraft) => void;
}

export function RuleDialog({ open, rule: before, onClose, onSave }: RuleDialogProps) {
  const t = useTranslations("rules");
  const common = useTranslations("common");
  const [rule, setRule] = useState(before);
  const { object } = rule;
  // What nobody has narrowed yet would take everything from everybody, and is done only by who says so.
  const takesAll = isWhole(rule) && rule.effect !== "allow";
  const [isMeant, setMeant] = useState(before.id !== undefined && isWhole(before));
  const isIncomplete = (rule.subject.type !== "anybody" && subjectValue(rule.subject).trim() === "") || (takesAll && !isMeant);
  const setObject = (part: Partial<RuleDraft["object"]>) => {
    setRule({ ...rule, object: { ...object, ...part } });
  };
  return (
    <Dialog open={open} onOpenChange={onClose}>
      <DialogContent heading={before.id === undefined ? t("add") : t("edit")}>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!isIncomplete) onSave(rule);
          }}
        >
          <DialogBody>
            <Field label={t("name")} optional>
              {(field) => (
                <Input
                  {...field}
                  maxLength={200}
                  value={rule.name}
                  onChange={(event) => {
                    setRule({ ...rule, name: event.target.value });
                  }}
                />
              )}
            </Field>
            <SubjectFields
              subject={rule.subject}
              onChange={(subject) => {
                setRule({ ...rule, subject });
              }}
            />
            <div className="grid gap-4 sm:grid-cols-2">
              <ServerField
                value={object.server}
                onChange={(server) => {
                  setObject({ server });
                }}
              />
              <Field label={t("kindLabel")}>
                {(field) => (
                  <Select
                    {...field}
                    value={object.kind ?? ""}
                    onChange={(event) => {
                      setObject({ kind: event.target.value === "" ? null : (event.target.value as NonNullable<typeof object.kind>) });
                    }}
                  >
                    <option value="">{t("kind.any")}</option>
                    <option value="tool">{t("kind.tool")}</option>
                    <option value="prompt">{t("kind.prompt")}</option>
                    <option value="resource">{t("kind.resource")}</option>
                  </Select>
                )}
              </Field>
            </div>
            <Field label={t("pattern")} hint={t("patternHint")} optional>
              {(field) => (
                <Input
                  {...field}
                  className="font-mono"
                  placeholder="delete_*"
                  value={object.name ?? ""}
                  onChange={(event) => {
                    setObject({ name: event.target.value === "" ? null : event.target.value });
                  }}
                />
              )}
            </Field>
            <fieldset className="grid gap-3 sm:grid-cols-2">
              <legend className="mb-1 text-sm font-medium">{t("hints")}</legend>
              {HINTS.map((hint) => {
                const wanted = object.annotations?.[hint];
                return (
                  <Field key={hint} label={<span className="font-normal">{t(`hint.${hint}`)}</span>}>
                    {(field) => (
                      <Select
                        {...field}
                        value={typeof wanted === "boolean" ? String(wanted) : ""}
                        onChange={(event) => {
                          const value = event.target.value === "" ? null : event.target.value === "true";
                          setObject({ annotations: { ...object.annotations, [hint]: value } });
                        }}
                      >
                        <option value="">{t("noMatter")}</option>
                        <option value="true">{t("yes")}</option>
                        <option value="false">{t("no")}</option>
                      </Select>
                    )}
                  </Field>
                );
              })}
            </fieldset>
            <EffectFields rule={rule} onChange={setRule} />
            {takesAll && (
              <Alert tone="warning" heading={t(rule.effect === "deny" ? "whole.deny" : "whole.require_approval")}>
                <label className="flex items-center gap-2">
                  <Checkbox
                    checked={isMeant}
                    onCheckedChange={(checked) => {
                      setMeant(checked === true);
                    }}
                  />
                  {t("whole.meant")}
                </label>
              </Alert>
            )}
          </DialogBody>
          <DialogFooter>
            <DialogClose asChild>
              <Button>{common("cancel")}</Button>
            </DialogClose>
            <Button type="submit" variant="primary" disabled={isIncomplete}>
              {common("done")}
            </Button>
          </DialogFooter>
        </form>
      </DialogContent>
    </Dialog>
  );
}

function SubjectFields({ subject, onChange }: { subject: Subject; onChange: (subject: Subject) => void }) {
  const t = useTranslations("rules");
  const common = useTranslations("common");
  const members = useQuery(membersQuery(useProjectRef())).data ?? [];
  const value = subjectValue(subject);
  const set = (next: string) => {
    onChange(withSubjectValue(subject, next));
  };
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={t("who")}>
        {(field) => (
          <Select
            {...field}
            value={subject.type}
            onChange={(event) => {
              onChange(emptySubject(event.target.value as Subject["type"]));
            }}
          >
            {SUBJECTS.map((type) => (
              <option key={type} value={type}>
                {t(`subject.${type}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {subject.type === "role" && (
        <Field label={t("subject.role")}>
          {(field) => (
            <Select {...field} value={value} onChange={(event) => { set(event.target.value); }}>
              <option value="viewer">{common("role.viewer")}</option>
              <option value="member">{common("role.member")}</option>
              <option value="admin">{common("role.admin")}</option>
            </Select>
          )}
        </Field>
      )}
      {subject.type === "user" && (
        <Field label={t("subject.user")}>
          {(field) => (
            <Select {...field} value={value} onChange={(event) => { set(event.target.value); }}>
              <option value="" />
              {members.map((member) => (
                <option key={member.user_id} value={member.user_id}>
                  {member.name || member.email}
                </option>
              ))}
            </Select>
          )}
        </Field>
      )}
      {(subject.type === "team" || subject.type === "key" || subject.type === "client") && (
        <Field label={t(`subject.${subject.type}`)} hint={subject.type === "client" ? t("patternHint") : t("idHint")}>
          {(field) => <Input {...field} className="font-mono" value={value} onChange={(event) => { set(event.target.value); }} />}
        </Field>
      )}
    </div>
  );
}

function ServerField({ value, onChange }: { value: string | null; onChange: (value: string | null) => void }) {
  const t = useTranslations("rules");
  const servers = useQuery(serversQuery(useProjectRef())).data ?? [];
  const known = servers.find(({ id, alias }) => id === value || alias === value);
  const [isPattern, setPattern] = useState(value !== null && known === undefined);
  return (
    <Field label={t("server")}>
      {(field) =>
        isPattern ? (
          <Input
            {...field}
            className="font-mono"
            placeholder="prod-*"
            value={value ?? ""}
            onChange={(event) => {
              onChange(event.target.value === "" ? null : event.target.value);
            }}
          />
        ) : (
          <Select
            {...field}
            value={known?.id ?? ""}
            onChange={(event) => {
              if (event.target.value === "*") setPattern(true);
              else onChange(event.target.value === "" ? null : event.target.value);
            }}
          >
            <option value="">{t("everyServer")}</option>
            {servers.map(({ id, alias }) => (
              <option key={id} value={id}>
                {alias}
              </option>
            ))}
            <option value="*">{t("serverPattern")}</option>
          </Select>
        )
      }
    </Field>
  );
}

function EffectFields({ rule, onChange }: { rule: RuleDraft; onChange: (rule: RuleDraft) => void }) {
  const t = useTranslations("rules");
  const approval = rule.approval ?? { caller_may_confirm: false, timeout_seconds: 300 };
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <Field label={t("effectLabel")}>
        {(field) => (
          <Select
            {...field}
            value={rule.effect}
            onChange={(event) => {
              const effect = event.target.value as Effect;
              onChange({ ...rule, effect, approval: effect === "require_approval" ? approval : null });
            }}
          >
            {EFFECTS.map((effect) => (
              <option key={effect} value={effect}>
                {t(`effect.${effect}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {rule.effect === "require_approval" && (
        <>
          <Field label={t("timeout")} hint={t("timeoutHint")}>
            {(field) => (
              <Input
                {...field}
                type="number"
                min={5}
                max={3600}
                value={approval.timeout_seconds}
                onChange={(event) => {
                  onChange({ ...rule, approval: { ...approval, timeout_seconds: Number(event.target.value) } });
                }}
              />
            )}
          </Field>
          <Field label={t("callerMayConfirm")} className="sm:col-span-2">
            {(field) => (
              <Select
                {...field}
                value={String(approval.caller_may_confirm)}
                onChange={(event) => {
                  onChange({ ...rule, approval: { ...approval, caller_may_confirm: event.target.value === "true" } });
                }}
              >
                <option value="false">{t("onlyAdmins")}</option>
                <option value="true">{t("alsoCaller")}</option>
              </Select>
            )}
          </Field>
        </>
      )}
    </div>
  );
}
