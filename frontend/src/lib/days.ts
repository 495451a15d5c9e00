/** From which day to which a list is shown. Both belong to it; an empty one bounds nothing. */
export interface Days {
  /** As the browser's calendar has them, such as 2026-01-31. */
  from: string;
  until: string;
}

/** When a day begins here, or the one after it. */
function begin(day: string, after: 0 | 1): string | undefined {
  const [year = NaN, month = NaN, date = NaN] = day.split("-").map(Number);
  const at = new Date(year, month - 1, date + after);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** The same for the daemon, which knows times: from the first on, and up to before the second. */
export function timesOf({ from, until }: Days): { from: string | undefined; until: string | undefined } {
  return { from: begin(from, 0), until: begin(until, 1) };
}

export function areReversed({ from, until }: Days): boolean {
  return from !== "" && until !== "" && from > until;
}
