/** In place of Next's router, which needs its server: the address is jsdom's, and links and pushes change it. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();

// As Next's router does, a change of the address is seen whoever makes it.
const replaceState = history.replaceState.bind(history);
history.replaceState = (...change) => {
  replaceState(...change);
  for (const listener of listeners) listener();
};

export function go(path: string): void {
  history.replaceState(null, "", path);
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export const usePathname = () => useSyncExternalStore(listen, () => location.pathname);

export const useSearchParams = () => new URLSearchParams(useSyncExternalStore(listen, () => location.search));

const router = { push: go, replace: go, refresh: () => undefined, back: () => undefined, forward: () => undefined, prefetch: () => undefined };

export const useRouter = () => router;
