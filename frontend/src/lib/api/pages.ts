/** Lists that come in pages. */

interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

/** More than this in one list is not shown at once. */
const MOST_PAGES = 25;

/** All items of a list that is short by its nature. */
export async function all<T>(page: (cursor: string | undefined) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const { items: more, next_cursor: next } = await page(cursor);
    items.push(...more);
    if (next === undefined || next === null) break;
    cursor = next;
  }
  return items;
}
