"use client";
/**
 * What the URL names. The files are exported once with a placeholder for each id, so the framework's own parameters say
 * nothing; the path in the browser is the truth.
 */
import { usePathname } from "next/navigation";

import type { ProjectRef, ServerRef } from "./paths";

/** The segment after `name` in a path, decoded. */
export function segmentAfter(path: string, name: string): string | undefined {
  const segments = path.split("/");
  const at = segments.indexOf(name);
  const segment = at === -1 ? undefined : segments[at + 1];
  if (segment === undefined || segment === "") return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** The path with another segment after `name`. */
export function withSegmentAfter(path: string, name: string, segment: string): string {
  const segments = path.split("/");
  const at = segments.indexOf(name) + 1;
  return segments.map((before, index) => (index === at ? encodeURIComponent(segment) : before)).join("/");
}

export function useSegmentAfter(name: string): string {
  return segmentAfter(usePathname(), name) ?? "";
}

export function useProjectRef(): ProjectRef {
  return { project: useSegmentAfter("projects") };
}

export function useServerRef(): ServerRef {
  return { project: useSegmentAfter("projects"), server: useSegmentAfter("servers") };
}
