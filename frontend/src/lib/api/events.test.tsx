import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { backend, http } from "@/testing/backend";
import { problem } from "@/testing/factories";
import { peopleHandlers } from "@/testing/handlers/people";

import { api, read } from "./client";
import { connection } from "./connection";
import { followEvents } from "./events";

/** Streams that were asked for; a test says what becomes of them. */
const streams: { onopen?: () => void; onerror?: () => void }[] = [];

vi.stubGlobal(
  "EventSource",
  class {
    onopen?: () => void;
    onerror?: () => void;
    constructor() {
      streams.push(this);
    }
    close() {
      return undefined;
    }
  },
);

let stop: () => void;

beforeEach(() => {
  // Timers alone: what goes over the network passes.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  streams.length = 0;
  stop = followEvents(new QueryClient());
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const away = () => http.get("/api/v1/auth/me", ({ response }) => response(503).json(problem({ code: "unavailable", status: 503 }) as never));
const ask = () => read(api.GET("/api/v1/auth/me"));

async function breakDown(): Promise<void> {
  backend.use(away());
  streams.at(-1)?.onerror?.();
  await expect.poll(connection).toBe("lost");
}

test("an answer is proof that the daemon is there: the stream is opened without the rest of the pause", async () => {
  streams[0]?.onopen?.();
  expect(connection()).toBe("live");
  await ask();
  expect(streams).toHaveLength(1);
  await breakDown();
  await expect(ask()).rejects.toMatchObject({ status: 503 });
  expect(streams).toHaveLength(1);
  backend.resetHandlers(...peopleHandlers);
  await ask();
  expect(streams).toHaveLength(2);
  // It is being opened, and nobody waits any more.
  await ask();
  expect(streams).toHaveLength(2);
  streams[1]?.onopen?.();
  expect(connection()).toBe("live");
  vi.runAllTimers();
  expect(streams).toHaveLength(2);
});

test("where there are answers and no stream, each answer is not another try", async () => {
  await breakDown();
  backend.resetHandlers(...peopleHandlers);
  await ask();
  expect(streams).toHaveLength(2);
  streams[1]?.onerror?.();
  await ask();
  await ask();
  expect(streams).toHaveLength(2);
  vi.runOnlyPendingTimers();
  expect(streams).toHaveLength(3);
  streams[2]?.onerror?.();
  await ask();
  expect(streams).toHaveLength(4);
});

test("who does not follow any more asks for no stream", async () => {
  await breakDown();
  stop();
  backend.resetHandlers(...peopleHandlers);
  await ask();
  expect(streams).toHaveLength(1);
});
