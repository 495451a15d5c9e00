/** The one door to the daemon. Nothing outside of `lib/api` fetches. */
import createClient from "openapi-fetch";

import { tellAnswered } from "./connection";
import { toApiError } from "./errors";
import { renewSession } from "./refresh";
import type { components, paths } from "./schema.gen";

export type Schemas = components["schemas"];

export const api = createClient<paths>({
  // Absolute, as Request takes nothing else outside of browsers.
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  credentials: "same-origin",
  fetch: fetchWithSession,
});

/** Called when the login is over and cannot be renewed. */
let onSessionEnd: () => void = () => undefined;

export function whenSessionEnds(handler: () => void): void {
  onSessionEnd = handler;
}

/** An access cookie lives for minutes: a request that comes too late renews the login and goes again. */
async function fetchWithSession(request: Request): Promise<Response> {
  const isLogin = new URL(request.url).pathname.startsWith("/api/v1/auth/login");
  if (isLogin) return fetch(request);
  const since = Date.now();
  const again = request.clone();
  const response = await fetch(request);
  if (response.status !== 401) return response;
  if (await renewSession(since)) return fetch(again);
  onSessionEnd();
  return response;
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer; every failure is thrown as an ApiError. */
export async function read<T>(answer: Promise<Answer<T>>): Promise<T> {
  let settled: Answer<T>;
  try {
    settled = await answer;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw toApiError(cause);
  }
  if (!settled.response.ok) throw toApiError(settled.error, settled.response);
  tellAnswered();
  return settled.data as T;
}

/** The header that refuses a change when somebody else was quicker. */
export function ifMatch(version: number): { "If-Match": string } {
  return { "If-Match": `"${version}"` };
}
