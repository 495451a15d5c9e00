/** Lines of a log, those that were read and those that come. */
import type { LogLine } from "@/lib/api/log-stream";

import type { LogFilter } from "./queries";

/** More lines than this are not held; the first ones go. */
export const MOST_LINES = 5000;

/** The same words as the daemon's: a part of the text, whatever its case. */
export function isSought(line: LogLine, { search, source }: LogFilter): boolean {
  return (source === "" || line.source === source) && line.text.toLowerCase().includes(search.toLowerCase());
}

/** What was read, then what came after it and is sought. */
export function merged(read: readonly LogLine[], fresh: readonly LogLine[], filter: LogFilter): LogLine[] {
  const last = read[read.length - 1]?.seq ?? 0;
  return [...read, ...fresh.filter((line) => line.seq > last && isSought(line, filter))].slice(-MOST_LINES);
}
