/** The stream of events: says what changed, so that what is on the page stays true without a reload. */
import { notifyManager, type Query, type QueryClient, type QueryKey } from "@tanstack/react-query";

import { api, type Schemas } from "./client";
import { onAnswered, setConnection } from "./connection";

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

/** What an address names: a project with what it is to the user, their role in it, a server, a team. */
function isPlace({ queryKey: { length, 0: noun, 2: part } }: Query): boolean {
  return (length === 2 && (noun === "project" || noun === "teams")) || (length === 4 && noun === "project" && part === "servers");
}

/**
 * Fetches anew what is on the page of these. Places first: what the user may not ask for any more is off the page, and
 * what goes by another name now at its new address, before the rest is asked for; the daemon puts what it refuses on
 * record.
 */
async function refresh(queryClient: QueryClient, keys: QueryKey[]): Promise<void> {
  await Promise.all(keys.map((queryKey) => queryClient.invalidateQueries({ queryKey, predicate: isPlace })));
  // After the page was told of them.
  notifyManager.schedule(() => {
    for (const queryKey of keys) void queryClient.invalidateQueries({ queryKey, predicate: (query) => !isPlace(query) });
  });
}

/** Follows the daemon until told to stop. A broken stream is opened again, and goes on where it broke. */
export function followEvents(queryClient: QueryClient): () => void {
  let source: EventSource | undefined;
  let lastId = "";
  let pause = FIRST_PAUSE_MS;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isOver = false;
  /** There is no stream, and none is being opened. */
  let isWaiting = false;
  /** Whether an answer may end the wait. Once for each: with answers but no stream, each would be another try. */
  let mayHurry = true;
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
    if (event.type === "change" && ["project", "server", "member", "project_team", "team"].includes(event.noun)) {
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
    isWaiting = false;
    const query = lastId === "" ? "" : `?last_event_id=${encodeURIComponent(lastId)}`;
    source = new EventSource(`/api/v1/events${query}`);
    source.onopen = () => {
      // What happened while there was no stream is told by the stream itself, or by `reset`.
      if (lastId === "" && pause > FIRST_PAUSE_MS) markStale([]);
      pause = FIRST_PAUSE_MS;
      mayHurry = true;
      setConnection("live");
    };
    source.onmessage = (message: MessageEvent<string>) => {
      if (message.lastEventId !== "") lastId = message.lastEventId;
      take(JSON.parse(message.data) as Event);
    };
    source.onerror = () => {
      source?.close();
      if (isOver) return;
      isWaiting = true;
      // The access cookie may be over: any request renews it, or ends the session for good.
      void api.GET("/api/v1/auth/me").then(
        ({ response }) => {
          if (!response.ok) setConnection("lost");
        },
        () => {
          setConnection("lost");
        },
      );
      timer = setTimeout(() => {
        mayHurry = true;
        open();
      }, pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    };
  };

  // A stream over a network that is gone stays open for minutes, and says nothing: it is not waited for.
  const leave = () => {
    clearTimeout(timer);
    source?.close();
    isWaiting = true;
    mayHurry = true;
    setConnection("lost");
  };
  const retryNow = () => {
    clearTimeout(timer);
    source?.close();
    open();
  };
  window.addEventListener("offline", leave);
  window.addEventListener("online", retryNow);
  const forget = onAnswered(() => {
    if (!isWaiting || !mayHurry) return;
    mayHurry = false;
    retryNow();
  });
  open();

  return () => {
    isOver = true;
    clearTimeout(timer);
    clearTimeout(flush);
    window.removeEventListener("offline", leave);
    window.removeEventListener("online", retryNow);
    forget();
    source?.close();
    setConnection("connecting");
  };
}
