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

const hearers = new Set<() => void>();

/** The daemon has given what it was asked for: whoever waits for it to be there again need not. */
export function tellAnswered(): void {
  hearers.forEach((hearer) => {
    hearer();
  });
}

export function onAnswered(hearer: () => void): () => void {
  hearers.add(hearer);
  return () => hearers.delete(hearer);
}

export function onConnection(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
