"use client";

import { useQuery } from "@tanstack/react-query";
import { Link } from "@/components/link";
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslations } from "use-intl";

import { useErrorText } from "@/components/error-text";
import { Logo } from "@/components/logo";
import { PageTitle } from "@/components/page-title";
import { RelativeTime } from "@/components/relative-time";
import { Spinner } from "@/components/spinner";
import { Alert } from "@/components/ui/alert";
import { Button } from "@/components/ui/button";
import { meQuery, useLogout } from "@/lib/data/session";
import { paths } from "@/lib/paths";

import { LogInFirst } from "./log-in-first";
import { type FoundInvitation, useAccept, useDecline, useLookUp } from "./mutations";
import { RedeemForm } from "./redeem-form";

function followHash(onChange: () => void): () => void {
  window.addEventListener("hashchange", onChange);
  return () => {
    window.removeEventListener("hashchange", onChange);
  };
}

/** Where an invitation's link leads. The token stands behind the # of the address, which no server ever sees. */
export function InvitationPage() {
  const t = useTranslations("invitation");
  // Another invitation opened in the same tab changes nothing but what is behind the #.
  const token = useSyncExternalStore(followHash, () => location.hash.slice(1));
  const lookUp = useLookUp();
  const { mutate } = lookUp;
  useEffect(() => {
    if (token !== "") mutate(token);
  }, [token, mutate]);
  return (
    <main className="flex min-h-dvh flex-col items-center justify-center bg-sidebar px-4 py-10">
      <PageTitle parts={[t("title")]} />
      <div className="w-full max-w-96">
        <Logo className="mx-auto mb-5 size-9" />
        {lookUp.isSuccess ? (
          <Invited key={token} token={token} invitation={lookUp.data} />
        ) : token === "" || lookUp.isError ? (
          <>
            <h1 className="mb-1 text-center text-xl font-semibold tracking-tight text-balance">{t("over")}</h1>
            <p className="mb-6 text-center text-sm text-balance text-muted-foreground">{t("overHint")}</p>
            <Button asChild variant="primary" className="h-9 w-full">
              <Link href={paths.login()}>{t("toLogin")}</Link>
            </Button>
          </>
        ) : (
          <div role="status" aria-label={t("title")} className="flex justify-center p-10">
            <Spinner />
          </div>
        )}
      </div>
    </main>
  );
}

const reload = () => {
  location.reload();
};

function Invited({ token, invitation }: { token: string; invitation: FoundInvitation }) {
  const t = useTranslations("invitation");
  const errorText = useErrorText();
  const { data, isPending } = useQuery({ ...meQuery(), retry: false });
  const me = data?.user;
  // The page begins anew, as one of nobody.
  const logout = useLogout(reload);
  const accept = useAccept();
  const decline = useDecline();
  const [isDone, setDone] = useState(false);
  const { to, inviter } = invitation;
  const place = to.kind === "instance" ? "MCP Orchestrator" : to.name;
  if (decline.isSuccess) {
    return (
      <>
        <h1 className="mb-6 text-center text-xl font-semibold tracking-tight">{t("declined")}</h1>
        <Button asChild className="h-9 w-full">
          <Link href={me === undefined ? paths.login() : paths.projects()}>{t(me === undefined ? "toLogin" : "toProjects")}</Link>
        </Button>
      </>
    );
  }
  // Who is logged in as somebody else answers nothing in the name of this one.
  const isOther = me !== undefined && me.email !== invitation.email;
  return (
    <>
      <h1 className="mb-1 text-center text-xl font-semibold tracking-tight text-balance">{t("heading", { place })}</h1>
      <p className="mb-6 text-center text-sm text-balance text-muted-foreground">
        {t("who", { email: invitation.email })} {inviter !== null && t("by", { name: inviter.name || inviter.email })} {t("expires")}{" "}
        <RelativeTime at={invitation.expires_at} future />.
      </p>
      <div className="grid gap-4 rounded-xl border border-border bg-card p-5">
        {(accept.isError || decline.isError) && <Alert tone="danger">{errorText(accept.error ?? decline.error)}</Alert>}
        {isDone ? (
          <>
            <Alert tone="success">{t("made")}</Alert>
            <Button asChild variant="primary" className="h-9">
              <Link href={paths.login()}>{t("toLogin")}</Link>
            </Button>
          </>
        ) : isPending ? (
          <div role="status" aria-label={t("title")} className="flex justify-center p-6">
            <Spinner />
          </div>
        ) : me === undefined ? (
          invitation.makes_account ? (
            <RedeemForm
              token={token}
              email={invitation.email}
              onDone={(isLoggedIn) => {
                // The spent link is nowhere to go back to.
                if (isLoggedIn) location.replace(leadsTo(invitation));
                else setDone(true);
              }}
            />
          ) : (
            <LogInFirst token={token} email={invitation.email} />
          )
        ) : isOther ? (
          <>
            <p className="text-sm [overflow-wrap:anywhere]">{t("loggedInAs", { email: me.email })}</p>
            <p className="text-sm text-muted-foreground">{t("otherAccount")}</p>
            <Button
              variant="primary"
              className="h-9"
              disabled={logout.isPending || logout.isSuccess}
              onClick={() => {
                logout.mutate();
              }}
            >
              {t("logOut")}
            </Button>
            <Button asChild variant="ghost">
              <Link href={paths.projects()}>{t("toProjects")}</Link>
            </Button>
          </>
        ) : (
          <>
            <p className="text-sm">{t("loggedInAs", { email: me.email })}</p>
            <Button
              variant="primary"
              className="h-9"
              disabled={accept.isPending}
              onClick={() => {
                accept.mutate(token, {
                  onSuccess: () => {
                    location.replace(leadsTo(invitation));
                  },
                });
              }}
            >
              {t("accept")}
            </Button>
          </>
        )}
        {!isDone && !isPending && !isOther && (
          <Button
            variant="ghost"
            disabled={decline.isPending}
            onClick={() => {
              decline.mutate(token);
            }}
          >
            {t("decline")}
          </Button>
        )}
      </div>
    </>
  );
}

function leadsTo({ to }: FoundInvitation): string {
  switch (to.kind) {
    case "project":
      return paths.project({ project: to.slug });
    case "team":
      return paths.team(to.slug);
    default:
      return paths.projects();
  }
}
