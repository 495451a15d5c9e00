/** What the states of a server mean to somebody who looks at a list. */
import type { Schemas } from "../api/client";

export type ServerState = Schemas["ServerState"];

/** The worst first. */
const ORDER: readonly ServerState[] = [
  "crash_looping",
  "incompatible",
  "backing_off",
  "degraded",
  "starting",
  "ready",
  "stopped",
  "stopped_by_admin",
  "disabled",
];

export function severity(state: ServerState): number {
  return ORDER.indexOf(state);
}

export type StateGroup = "running" | "failing" | "idle" | "disabled";

export const STATE_GROUPS: readonly StateGroup[] = ["running", "failing", "idle", "disabled"];

export function groupOf(state: ServerState): StateGroup {
  switch (state) {
    case "ready":
    case "starting":
      return "running";
    case "degraded":
    case "backing_off":
    case "crash_looping":
    case "incompatible":
      return "failing";
    case "stopped":
    case "stopped_by_admin":
      return "idle";
    case "disabled":
      return "disabled";
  }
}

export function isFailing(state: ServerState): boolean {
  return groupOf(state) === "failing";
}
