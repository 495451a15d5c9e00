import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterAll, afterEach, beforeAll, vi } from "vitest";

import { backend, forget } from "./backend";
import { activityHandlers } from "./handlers/activity";
import { auditHandlers } from "./handlers/audit";
import { keyHandlers } from "./handlers/keys";
import { memberHandlers } from "./handlers/members";
import { forgetPeople, peopleHandlers } from "./handlers/people";
import { policyHandlers } from "./handlers/policy";
import { projectHandlers, projectList } from "./handlers/projects";
import { serverHandlers } from "./handlers/servers";

// Machines that test are slow and busy: what passes does not wait.
configure({ asyncUtilTimeout: 10_000 });

// What Radix asks of a browser and jsdom has not.
globalThis.ResizeObserver ??= class {
  observe() {
    return undefined;
  }
  unobserve() {
    return undefined;
  }
  disconnect() {
    return undefined;
  }
};
// A screen that matches nothing: the narrowest.
globalThis.matchMedia ??= (media) => ({ media, matches: false, addEventListener: () => undefined, removeEventListener: () => undefined }) as unknown as MediaQueryList;
// Everything is in sight.
globalThis.IntersectionObserver ??= class implements IntersectionObserver {
  readonly root = null;
  readonly rootMargin = "";
  readonly scrollMargin = "";
  readonly thresholds = [];
  private readonly tell: IntersectionObserverCallback;
  constructor(tell: IntersectionObserverCallback) {
    this.tell = tell;
  }
  observe(target: Element) {
    this.tell([{ isIntersecting: true, target } as IntersectionObserverEntry], this);
  }
  unobserve() {
    return undefined;
  }
  disconnect() {
    return undefined;
  }
  takeRecords() {
    return [];
  }
};
Element.prototype.scrollIntoView ??= () => undefined;
Element.prototype.hasPointerCapture ??= () => false;

vi.mock("next/navigation", () => import("./navigation"));

const HANDLERS = [...peopleHandlers, ...projectHandlers, ...serverHandlers, ...keyHandlers, ...memberHandlers, ...policyHandlers, ...activityHandlers, ...auditHandlers];
backend.use(...HANDLERS);

beforeAll(() => {
  backend.listen({ onUnhandledRequest: "error" });
});

afterEach(() => {
  cleanup();
  // What one test answered in its own way is nothing to the next.
  backend.resetHandlers(...HANDLERS);
  forget();
  forgetPeople();
  projectList.is = "demo";
});

afterAll(() => {
  backend.close();
});
