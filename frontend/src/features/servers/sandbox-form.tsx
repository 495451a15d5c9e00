"use client";

import { useTranslations } from "use-intl";

import { SettingsForm } from "@/components/settings-form";
import { useSettings } from "@/components/use-settings";
import type { Server } from "@/lib/data/servers";
import type { ServerRef } from "@/lib/paths";

import { useUpdateServer } from "./mutations";
import { SandboxFields, useSandboxForm } from "./sandbox-fields";
import { MODES, PLACES, sandboxOf, toSandbox } from "./sandbox-values";

const OF_SERVER = MODES.filter((mode) => mode !== "unsaid");

/** What the processes of a server may see and reach. */
export function SandboxForm({ project, server, reason }: { project: ServerRef; server: Server; reason: string | undefined }) {
  const t = useTranslations("serverSandbox");
  const update = useUpdateServer(project);
  const settings = useSettings(useSandboxForm(sandboxOf(server)), server, sandboxOf);
  return (
    <SettingsForm
      heading={t("heading")}
      description={t("description")}
      reason={reason}
      settings={settings}
      save={update}
      toRequest={(written) => ({ version: settings.version, body: { sandbox: toSandbox(written) } })}
      places={() => PLACES}
    >
      <SandboxFields form={settings.form} modes={OF_SERVER} disabled={reason !== undefined} />
    </SettingsForm>
  );
}
