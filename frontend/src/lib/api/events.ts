/** The stream of events: says what changed, so that what is on the page stays true without a reload. */
import { notifyManager, type Query, type QueryClient, type QueryKey } from "@tanstack/react-query";

import { api, type Schemas } from "./client";
import { setConnection } from "./connection";

type Event = Schemas["EventView"];

/** Changes within this time are fetched once. */
const BATCH_MS = 200;
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

interface Named {
  id: string;
  slug: string;
}

/** Which of a project's data an event makes old; undefined is all of it. */
export function staleParts(event: Event): string[] | undefined {
  switch (event.type) {
    case "server_state":
    case "catalog":
      return ["servers"];
    case "calls":
      return ["calls", "usage", "activity", "keys", "sessions"];
    default:
      return undefined;
  }
}

/** What a project is to the user, their role with it. */
const isRole = ({ queryKey }: Query) => queryKey[0] === "project" && queryKey.length === 2;

/**
 * Fetches anew what is on the page of these. Roles first: what the user may not ask for any more is off the page before
 * the rest is asked for, as the daemon puts what it refuses on record.
 */
async function refresh(queryClient: QueryClient, keys: QueryKey[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey, predicate: isRole })));
  // After the page was told of them.
  notifyManager.schedule(() => {
    for (const queryKey of keys) void queryClient.invalidateQueries({ queryKey, predicate: (query) => !isRole(query) });
  });
}

/** Follows the daemon until told to stop. A broken stream is opened again, and goes on where it broke. */
export function followEvents(queryClient: QueryClient): () => void {
  let source: EventSource | undefined;
  let lastId = "";
  let pause = FIRST_PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  const stale = new Map<string, QueryKey>();
  let flush: ReturnType<typeof setTimeout> | undefined;

  const markStale = (key: QueryKey) => {
    stale.set(JSON.stringify(key), key);
    flush ??= setTimeout(() => {
      flush = undefined;
      const keys = [...stale.values()];
      stale.clear();
      void refresh(queryClient, keys);
    }, BATCH_MS);
  };

  /** A project stands in keys under what its URL says: its slug, or its id. */
  const namesOf = (id: string): string[] => {
    const known = queryClient.getQueryData<Named[]>(["projects"])?.find((project) => project.id === id);
    return known === undefined ? [id] : [id, known.slug];
  };

  const take = (event: Event) => {
    if (event.type === "hello") return;
    if (event.type === "reset" || event.type === "access") {
      markStale([]);
      return;
    }
    if (event.project_id === null) {
      markStale([]);
      return;
    }
    const parts = staleParts(event);
    for (const name of namesOf(event.project_id)) {
      if (parts === undefined) markStale(["project", name]);
      else for (const part of parts) markStale(["project", name, part]);
    }
    if (event.type === "change" && ["project", "server", "member", "membership", "team"].includes(event.noun)) {
      markStale(["projects"]);
      markStale(["teams"]);
    }
    if (event.type === "change" && ["key", "project"].includes(event.noun)) markStale(["admin", "keys"]);
    if (event.type === "change" && event.noun === "invitation") {
      markStale(["admin", "invitations"]);
      markStale(["me", "invitations"]);
    }
  };

  const open = () => {
    if (isOver) return;
    const query = lastId === "" ? "" : `?last_event_id=${encodeURIComponent(lastId)}`;
    source = new EventSource(`/api/v1/events${query}`);
    source.onopen = () => {
      // What happened while there was no stream is told by the stream itself, or by `reset`.
      if (lastId === "" && pause > FIRST_PAUSE_MS) markStale([]);
      pause = FIRST_PAUSE_MS;
      setConnection("live");
    };
    source.onmessage = (message: MessageEvent<string>) => {
      if (message.lastEventId !== "") lastId = message.lastEventId;
      take(JSON.parse(message.data) as Event);
    };
    source.onerror = () => {
      source?.close();
      if (isOver) return;
      // The access cookie may be over: any request renews it, or ends the session for good.
      void api.GET("/api/v1/auth/me").then(
        ({ response }) => {
          if (!response.ok) setConnection("lost");
        },
        () => {
          setConnection("lost");
        },
      );
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    };
  };

  // A stream over a network that is gone stays open for minutes, and says nothing: it is not waited for.
  const leave = () => {
    clearTimeout(timer);
    source?.close();
    setConnection("lost");
  };
  const retryNow = () => {
    clearTimeout(timer);
    source?.close();
    open();
  };
  window.addEventListener("offline", leave);
  window.addEventListener("online", retryNow);
  open();

  return () => {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(flush);
    window.removeEventListener("offline", leave);
    window.removeEventListener("online", retryNow);
    source?.close();
    setConnection("connecting");
  };
}
