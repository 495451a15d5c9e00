/**
 * Renews the login's cookies. A refresh token is good once, so all tabs of a browser share one renewal: they take turns
 * by a lock, and a tab that waited finds the work done. No token is seen here: they live in HttpOnly cookies.
 */

import { toApiError } from "./errors";

const BEGUN_AT = "orch.session.renewal_begun_at";
const RENEWED_AT = "orch.session.renewed_at";
const LOCK = "orch.session.renew";
/** How long the answer to a page that was left may take. */
const LEFT_MS = 5_000;
const WAIT_MS = 1_000;

let running: Promise<boolean> | undefined;

/** Whether there is a login again. `since` is when the request that was refused went out. */
export function renewSession(since: number): Promise<boolean> {
  running ??= exclusively(() => renew(since)).finally(() => {
    running = undefined;
  });
  return running;
}

async function renew(since: number): Promise<boolean> {
  if (stored(RENEWED_AT) > since) return true;
  if (Date.now() - stored(BEGUN_AT) < LEFT_MS && (await isRenewedByOther())) return true;
  localStorage.setItem(BEGUN_AT, String(Date.now()));
  // The token is spent when the daemon reads it: the answer has to come even when the page is left meanwhile.
  const response = await fetch("/api/v1/auth/refresh", { method: "POST", credentials: "same-origin", keepalive: true });
  localStorage.removeItem(BEGUN_AT);
  // What the daemon cannot do for now says nothing about the login.
  if (response.status >= 500 || response.status === 429) throw toApiError(await response.json().catch(() => undefined), response);
  if (!response.ok) return false;
  localStorage.setItem(RENEWED_AT, String(Date.now()));
  return true;
}

/** A page that was left while it renewed says nothing more, but its cookies come all the same. */
async function isRenewedByOther(): Promise<boolean> {
  await new Promise((done) => setTimeout(done, WAIT_MS));
  return (await fetch("/api/v1/auth/me", { credentials: "same-origin" })).ok;
}

function stored(key: string): number {
  return Number(localStorage.getItem(key) ?? 0);
}

/** Browsers have the lock on secure origins only; elsewhere each tab is on its own. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks === undefined ? work() : (locks.request(LOCK, work) as Promise<T>);
}
