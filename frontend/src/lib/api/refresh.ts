/**
 * Renews the login's cookies. A refresh token is good once, so all tabs of a browser share one renewal: they take turns
 * by a lock, and a tab that waited finds the work done. No token is seen here: they live in HttpOnly cookies.
 */

const RENEWED_AT = "orch.session.renewed_at";
const LOCK = "orch.session.renew";

let running: Promise<boolean> | undefined;

/** Whether there is a login again. `since` is when the request that was refused went out. */
export function renewSession(since: number): Promise<boolean> {
  running ??= exclusively(() => renew(since)).finally(() => {
    running = undefined;
  });
  return running;
}

async function renew(since: number): Promise<boolean> {
  if (Number(localStorage.getItem(RENEWED_AT) ?? 0) > since) return true;
  const response = await fetch("/api/v1/auth/refresh", { method: "POST", credentials: "same-origin" });
  if (!response.ok) return false;
  localStorage.setItem(RENEWED_AT, String(Date.now()));
  return true;
}

/** Browsers have the lock on secure origins only; elsewhere each tab is on its own. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const locks = (navigator as { locks?: LockManager }).locks;
  return locks === undefined ? work() : (locks.request(LOCK, work) as Promise<T>);
}
