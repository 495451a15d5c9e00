/** Works on each item, on so many at a time. Work that fails ends the whole. */
export async function forEachAtOnce<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const workers = Array.from({ length: most }, async () => {
    for (const item of rest) await work(item);
  });
  await Promise.all(workers);
}
