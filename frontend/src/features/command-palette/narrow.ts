/** More entries than that nobody looks through, and thousands make typing slow. */
const MOST = 50;

/** The first of those that have every typed word in them. */
export function narrow<T>(items: readonly T[], typed: string, textOf: (item: T) => string): T[] {
  const words = typed.toLowerCase().split(/\s+/);
  const found: T[] = [];
  for (const item of items) {
    const text = textOf(item).toLowerCase();
    if (words.every((word) => text.includes(word))) found.push(item);
    if (found.length === MOST) break;
  }
  return found;
}
