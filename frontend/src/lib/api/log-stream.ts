/** A server's log as it is written. */
import type { ServerRef } from "../paths";
import { api, type Schemas } from "./client";

export type LogLine = Schemas["LogLineView"];

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

/** Hands over each line after number `after`, until told to stop. A broken stream goes on where it broke. */
export function followLog(ref: ServerRef, after: number, onLine: (line: LogLine) => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pause = FIRST_PAUSE_MS;
  let last = after;
  let isOver = false;
  const base = `/api/v1/projects/${encodeURIComponent(ref.project)}/servers/${encodeURIComponent(ref.server)}/logs/stream`;

  const open = () => {
    if (isOver) return;
    source = new EventSource(`${base}?after=${String(last)}`);
    source.onopen = () => {
      pause = FIRST_PAUSE_MS;
    };
    source.addEventListener("line", (event: MessageEvent<string>) => {
      const line = JSON.parse(event.data) as LogLine;
      last = line.seq;
      onLine(line);
    });
    source.onerror = () => {
      source?.close();
      // The access cookie may be over: any request renews it.
      void api.GET("/api/v1/auth/me").catch(() => undefined);
      timer = setTimeout(open, pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    };
  };
  open();

  return () => {
    isOver = true;
    clearTimeout(timer);
    source?.close();
  };
}
