"use client";

import { useEffect, useState } from "react";

import { followLog, type LogLine } from "@/lib/api/log-stream";
import type { ServerRef } from "@/lib/paths";

import { MOST_LINES } from "./lines";

/** Lines that come within this time are drawn at once. */
const BATCH_MS = 100;

/**
 * The lines after number `last`, as they come; none until it is known. What is read anew later is no reason to follow
 * from another place: the lines between are here already.
 */
export function useFreshLines({ project, server }: ServerRef, last: number | undefined): LogLine[] {
  const [lines, setLines] = useState<LogLine[]>([]);
  const [after, setAfter] = useState(last);
  if (after === undefined && last !== undefined) setAfter(last);
  useEffect(() => {
    if (after === undefined) return;
    let waiting: LogLine[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = followLog({ project, server }, after, (line) => {
      waiting.push(line);
      timer ??= setTimeout(() => {
        timer = undefined;
        const batch = waiting;
        waiting = [];
        setLines((before) => [...before, ...batch].slice(-MOST_LINES));
      }, BATCH_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [project, server, after]);
  return lines;
}
