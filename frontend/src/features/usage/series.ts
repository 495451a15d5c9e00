/** From the points that the daemon has to the bars of a chart: steps without calls are there again. */
import type { Usage } from "./queries";

export interface Bar {
  at: number;
  calls: number;
  errors: number;
  p95: number | null;
}

const STEPS: Record<Usage["step"], number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

export function bars({ from, until, step, points }: Pick<Usage, "from" | "until" | "step" | "points">): Bar[] {
  const size = STEPS[step];
  const known = new Map(points.map((point) => [new Date(point.at).getTime(), point]));
  const first = Math.floor(new Date(from).getTime() / size) * size;
  const end = new Date(until).getTime();
  const all: Bar[] = [];
  for (let at = first; at < end && all.length < 2000; at += size) {
    const point = known.get(at);
    all.push({ at, calls: point?.calls ?? 0, errors: point?.errors ?? 0, p95: point?.p95_ms ?? null });
  }
  return all;
}
