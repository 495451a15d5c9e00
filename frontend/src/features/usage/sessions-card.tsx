"use client";

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useFormatter, useTranslations } from "use-intl";

import { ConfirmDialog } from "@/components/confirm-dialog";
import { type Column, DataTable } from "@/components/data-table";
import { ErrorPanel } from "@/components/error-panel";
import { ListSkeleton } from "@/components/list-skeleton";
import { RelativeTime } from "@/components/relative-time";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardBody, CardHeader } from "@/components/ui/card";
import { useNames } from "@/lib/data/members";
import { useAccess } from "@/lib/data/projects";
import { useMe } from "@/lib/data/session";
import type { ServerRef } from "@/lib/paths";
import { toast } from "@/lib/toasts";

import { useEndSession } from "./mutations";
import { type ClientSession, sessionsQuery } from "./queries";

/** Who is connected at this moment. Admins see everybody, members themselves, and end what they see. */
export function SessionsCard({ project }: { project: ServerRef }) {
  const { may } = useAccess();
  return may("useOwnKeys") ? <Sessions project={project} all={may("inspect")} /> : null;
}

function Sessions({ project, all }: { project: ServerRef; all: boolean }) {
  const t = useTranslations("sessions");
  const format = useFormatter();
  const me = useMe();
  const nameOf = useNames(project);
  const sessions = useQuery(sessionsQuery(project));
  const end = useEndSession(project);
  const [ending, setEnding] = useState<ClientSession>();
  const columns: Column<ClientSession>[] = [
    {
      id: "client",
      header: t("client"),
      sort: (session) => session.client,
      cell: (session) => (
        <div className="min-w-0">
          <p className="max-w-60 truncate font-medium">{session.client}</p>
          <p className="text-xs text-muted-foreground">{session.revision}</p>
        </div>
      ),
    },
    {
      id: "who",
      header: t("who"),
      className: "@max-lg:hidden",
      sort: (session) => nameOf(session.user_id) ?? "",
      cell: (session) => (
        <span className="block max-w-44 truncate">
          {session.user_id === me.id ? t("you") : (nameOf(session.user_id) ?? t("formerMember"))}
        </span>
      ),
    },
    {
      id: "endpoint",
      header: t("endpoint"),
      className: "@max-3xl:hidden",
      cell: (session) => t(session.server_id === null ? "unified" : "own"),
    },
    {
      id: "state",
      header: t("state"),
      className: "@max-2xl:hidden",
      sort: (session) => session.in_flight,
      cell: (session) =>
        session.in_flight > 0 ? (
          <Badge tone="brand">{t("inFlight", { count: session.in_flight })}</Badge>
        ) : (
          <Badge tone={session.listening ? "success" : "neutral"}>{t(session.listening ? "listening" : "idle")}</Badge>
        ),
    },
    {
      id: "opened",
      header: t("opened"),
      className: "@max-3xl:hidden",
      sort: (session) => session.opened_at,
      cell: (session) => <RelativeTime at={session.opened_at} className="text-muted-foreground" />,
    },
    {
      id: "used",
      header: t("used"),
      sort: (session) => session.last_used_at,
      cell: (session) => <RelativeTime at={session.last_used_at} className="text-muted-foreground" />,
    },
    {
      id: "actions",
      header: t("end"),
      hideHeader: true,
      align: "right",
      className: "w-0",
      cell: (session) => (
        <Button
          size="sm"
          variant="danger"
          aria-label={t("endNamed", { client: session.client })}
          onClick={() => {
            setEnding(session);
          }}
        >
          {t("end")}
        </Button>
      ),
    },
  ];
  return (
    <Card>
      <CardHeader
        heading={t("heading")}
        description={t(all ? "description" : "ownDescription")}
        actions={sessions.data !== undefined && <Badge>{format.number(sessions.data.length)}</Badge>}
      />
      {sessions.isPending ? (
        <CardBody>
          <ListSkeleton rows={2} />
        </CardBody>
      ) : sessions.isLoadingError ? (
        <CardBody>
          <ErrorPanel error={sessions.error} onRetry={() => void sessions.refetch()} />
        </CardBody>
      ) : sessions.data.length === 0 ? (
        <p className="px-4 py-8 text-center text-sm text-muted-foreground">{t("none")}</p>
      ) : (
        <DataTable label={t("heading")} columns={columns} rows={sessions.data} rowId={(session) => session.id} />
      )}
      <ConfirmDialog
        open={ending !== undefined}
        onOpenChange={(open) => {
          if (!open) setEnding(undefined);
        }}
        heading={t("endHeading", { client: ending?.client ?? "" })}
        description={t("endDescription")}
        action={t("endAction")}
        mutation={end}
        variables={ending?.id ?? ""}
        onDone={() => {
          toast.success(t("ended"));
        }}
      />
    </Card>
  );
}
