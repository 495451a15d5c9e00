"use client";

import { useSuspenseQuery } from "@tanstack/react-query";
import { useTranslations } from "use-intl";

import { CallList } from "@/components/call-list";
import { NotForRole } from "@/components/not-for-role";
import { PageHeader } from "@/components/page-header";
import { Segmented } from "@/components/segmented";
import { useRoleReason } from "@/components/use-role-reason";
import { serverQuery } from "@/lib/data/servers";
import { useServerRef } from "@/lib/route";
import { useSearchParam } from "@/lib/search-param";

import { LogView } from "./log-view";

const VIEWS = ["log", "calls"] as const;

/** What the server prints and says, live, and who called it. */
export function LogsPage() {
  const t = useTranslations("logs");
  const inspect = useRoleReason("inspect");
  const call = useRoleReason("call");
  const [asked, ask] = useSearchParam("view");
  // Who may not read the log has own calls to look at.
  const usual = inspect !== undefined && call === undefined ? "calls" : "log";
  const view = VIEWS.find((known) => known === asked) ?? usual;
  const reason = view === "log" ? inspect : call;
  return (
    <>
      <PageHeader
        title={t("title")}
        description={t(view === "log" ? "description" : "callsDescription")}
        actions={
          <Segmented
            label={t("views")}
            value={view}
            options={VIEWS.map((other) => ({ value: other, label: t(`view.${other}`) }))}
            onChange={ask}
          />
        }
      />
      {reason !== undefined ? (
        <NotForRole reason={reason} />
      ) : view === "log" ? (
        <LogView />
      ) : (
        <Calls />
      )}
    </>
  );
}

function Calls() {
  const t = useTranslations("logs");
  const { data: server } = useSuspenseQuery(serverQuery(useServerRef()));
  return <CallList search={t("searchCalls")} server={server.id} />;
}
