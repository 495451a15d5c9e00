/** Fills in the steps without anything, which the daemon leaves out. */

const STEP_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

export type Step = keyof typeof STEP_MS;

interface Point {
  at: string;
  calls: number;
  errors: number;
}

export function everyStep(
  { from, until, step, points }: { from: string; until: string; step: Step; points: readonly Point[] },
): { at: Date; calls: number; errors: number }[] {
  const size = STEP_MS[step];
  const known = new Map(points.map((point) => [Math.floor(new Date(point.at).getTime() / size), point]));
  const first = Math.floor(new Date(from).getTime() / size);
  const last = Math.floor((new Date(until).getTime() - 1) / size);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const point = known.get(first + index);
    return { at: new Date((first + index) * size), calls: point?.calls ?? 0, errors: point?.errors ?? 0 };
  });
}
