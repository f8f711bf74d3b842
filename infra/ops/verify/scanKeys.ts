import type { RowStore } from '#consumers/rows/rowStore.ts';

/** Every row key of a table in pages of one size: the store's own are as small as its buckets are. */
export async function scanKeys(
  store: RowStore,
  table: string,
  pageKeys: number,
  onPage: (keys: readonly string[]) => Promise<void>,
): Promise<void> {
  const waiting: string[] = [];
  await store.scan(table, async (keys) => {
    for (const key of keys) waiting.push(key);
    while (waiting.length >= pageKeys) await onPage(waiting.splice(0, pageKeys));
  });
  if (waiting.length > 0) await onPage(waiting);
}
