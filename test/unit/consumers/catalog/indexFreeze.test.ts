import { expect, test } from 'vitest';
import { isLeftFrozen, whileFrozen } from '#consumers/catalog/indexFreeze.ts';
import { type IndexInfo, listIndexes } from '#consumers/catalog/searchIndex.ts';
import { MemoryIndexes } from '#test/support/consumers/memoryIndexes.ts';

const [PREFIX, INDEX] = ['shop-', 'shop-product-v1-1'];

async function world() {
  const elastic = new MemoryIndexes().connection(async () => undefined);
  await elastic.request('PUT', `/${INDEX}`, { aliases: {}, mappings: { _meta: {} } });
  const frozen = async (): Promise<boolean> => (await listIndexes(elastic, PREFIX, 'product'))[0]!.frozen;
  return { elastic, frozen };
}

test('an index is frozen while the work runs, and not after it, whatever becomes of the work', async () => {
  const { elastic, frozen } = await world();
  let meanwhile = false;
  await whileFrozen(elastic, [INDEX], async () => {
    meanwhile = await frozen();
  });
  expect([meanwhile, await frozen()]).toEqual([true, false]);
  const failing = whileFrozen(elastic, [INDEX], () => Promise.reject(new Error('no swap')));
  await expect(failing).rejects.toThrow('no swap');
  expect(await frozen()).toBe(false);
});

test('an index that is gone needs no freezing', async () => {
  const { elastic } = await world();
  await expect(whileFrozen(elastic, ['shop-product-v7-1'], async () => undefined)).resolves.toBeUndefined();
});

test('an index counts as left frozen half a minute after searches were to leave it, and never when others froze it', () => {
  const nowMs = Date.parse('2026-01-01T12:00:00Z');
  const info = (frozen: boolean, retiredAt: string | null) => ({ frozen, retiredAt }) as IndexInfo;
  expect(isLeftFrozen(info(true, '2026-01-01T11:59:29Z'), nowMs)).toBe(true);
  expect(isLeftFrozen(info(true, '2026-01-01T11:59:31Z'), nowMs)).toBe(false);
  expect(isLeftFrozen(info(false, '2026-01-01T11:00:00Z'), nowMs)).toBe(false);
  expect(isLeftFrozen(info(true, null), nowMs)).toBe(false);
});
