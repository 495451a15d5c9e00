/** The state of the connection to the daemon, as requests and the stream of events see it. */

export type Connection = "connecting" | "live" | "lost";

let state: Connection = "connecting";
const listeners = new Set<() => void>();

export function connection(): Connection {
  return state;
}

export function setConnection(next: Connection): void {
  if (next === state) return;
  state = next;
  listeners.forEach((listener) => {
    listener();
  });
}

export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
