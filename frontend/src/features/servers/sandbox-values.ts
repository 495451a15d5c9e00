/** What people write about a sandbox, as the daemon takes it. */
import type { Schemas } from "@/lib/api/client";
import type { Server } from "@/lib/data/servers";

/** Of a new server it may be left to the instance. */
export const MODES = ["unsaid", "off", "on", "best_effort"] as const;
export const NETWORKS = ["full", "none", "ports"] as const;

export interface SandboxValues {
  mode: (typeof MODES)[number];
  /** One path a line. */
  readPaths: string;
  writePaths: string;
  network: (typeof NETWORKS)[number];
  ports: string;
}

export const NEW_SANDBOX: SandboxValues = { mode: "unsaid", readPaths: "", writePaths: "", network: "full", ports: "" };

/** Which field shows what the daemon says about a part of the request. */
export const PLACES = {
  "sandbox.mode": "mode",
  "sandbox.read_paths": "readPaths",
  "sandbox.write_paths": "writePaths",
  "sandbox.network": "network",
  "sandbox.ports": "ports",
} as const;

export function sandboxOf({ sandbox }: Server): SandboxValues {
  return {
    mode: sandbox.mode,
    readPaths: sandbox.read_paths.join("\n"),
    writePaths: sandbox.write_paths.join("\n"),
    network: sandbox.network,
    ports: sandbox.ports.join(", "),
  };
}

/** Whether there is more to say than that. */
export function isConfined(mode: SandboxValues["mode"]): boolean {
  return mode === "on" || mode === "best_effort";
}

/** Undefined where nothing is said. */
export function toSandbox({ mode, readPaths, writePaths, network, ports }: SandboxValues): Schemas["SandboxRequest"] | undefined {
  if (mode === "unsaid") return undefined;
  // What is left out stays as it is.
  if (mode === "off") return { mode };
  return {
    mode,
    read_paths: toPaths(readPaths),
    write_paths: toPaths(writePaths),
    network,
    ...(network === "ports" ? { ports: toPorts(ports) } : {}),
  };
}

/** One path a line, from the root or the home directory; undefined when a line is no such path. */
export function toPaths(text: string): string[] | undefined {
  const paths = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const isPath = (path: string) => /^(\/|~$|~\/)/.test(path) && !path.split("/").includes("..");
  return paths.every(isPath) ? paths : undefined;
}

/** Ports between commas or blanks, each once; undefined when there is none, or something else. */
export function toPorts(text: string): number[] | undefined {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  if (words.length === 0 || !words.every((word) => /^\d{1,5}$/.test(word))) return undefined;
  const ports = [...new Set(words.map(Number))];
  return ports.every((port) => port >= 1 && port <= 65_535) ? ports : undefined;
}
