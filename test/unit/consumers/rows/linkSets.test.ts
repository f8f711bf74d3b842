import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LinkSets } from '#consumers/rows/linkSets.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';

const TABLE = 'dbo.A';
const LINK = 'X=1';
const position = (lsn: number): string => `${String(lsn).padStart(20, '0')}${'0'.repeat(28)}2`;
const rowKeys = (count: number): string[] => Array.from({ length: count }, (_, i) => `row ${i}`);
const entries = (keys: readonly string[], lsn = 5) =>
  keys.map((rowKey) => ({ link: LINK, rowKey, position: position(lsn) }));
/** Small nodes, so that few rows make a deep tree. */
const LIMITS = { first: 2, second: 3, below: 2 };

async function walked(links: LinkSets, after?: string): Promise<{ path: string; rowKeys: readonly string[] }[]> {
  const pages: { path: string; rowKeys: readonly string[] }[] = [];
  for await (const page of links.walk(TABLE, LINK, after)) pages.push(page);
  return pages;
}

const keysOf = (pages: readonly { rowKeys: readonly string[] }[]): string[] =>
  pages.flatMap((page) => page.rowKeys).sort();

describe('the rows under a link', () => {
  it('are found again, each once, however many there are', async () => {
    const redis = new MemoryRedis();
    const links = new LinkSets(redis.connection(), LIMITS);
    await links.enter(TABLE, entries(rowKeys(300)));
    expect(keysOf(await walked(links))).toEqual(rowKeys(300).sort());
    await links.enter(TABLE, entries(rowKeys(300), 6));
    expect(keysOf(await walked(links))).toEqual(rowKeys(300).sort());
    expect(await links.missing(TABLE, entries([...rowKeys(300), 'stranger']))).toMatchObject([{ rowKey: 'stranger' }]);
  });

  it('lie in pieces of bounded size on many slots', async () => {
    const redis = new MemoryRedis();
    const links = new LinkSets(redis.connection());
    await links.enter(TABLE, entries(rowKeys(5000)));
    const pages = await walked(links);
    expect(pages).toHaveLength(66);
    expect(Math.max(...pages.map((page) => page.rowKeys.length))).toBe(1000);
    const tags = new Set([...redis.hashes.keys()].map((key) => /^\{..\}/u.exec(key)![0]));
    expect(tags.size).toBeGreaterThan(40);
  });

  it('can be walked on from any page, also after rows came and went', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 120 }), fc.nat({ max: 40 }), fc.nat({ max: 60 }), async (count, stop, gone) => {
        const links = new LinkSets(new MemoryRedis().connection(), LIMITS);
        await links.enter(TABLE, entries(rowKeys(count)));
        const before: { path: string; rowKeys: readonly string[] }[] = [];
        for await (const page of links.walk(TABLE, LINK)) {
          before.push(page);
          if (before.length > stop) break;
        }
        await links.leave(TABLE, entries(rowKeys(Math.min(gone, count)), 9));
        await links.enter(TABLE, entries(['a newcomer', 'another']));
        const found = new Set(keysOf([...before, ...(await walked(links, before.at(-1)!.path))]));
        for (const key of rowKeys(count).slice(gone)) expect(found).toContain(key);
      }),
    );
  });

  it('stay when a version of the same commit or a newer one entered them, and go otherwise', async () => {
    const links = new LinkSets(new MemoryRedis().connection(), LIMITS);
    await links.enter(TABLE, entries(rowKeys(20), 5));
    await links.leave(TABLE, entries(rowKeys(20), 5));
    expect(keysOf(await walked(links))).toHaveLength(20);
    await links.leave(TABLE, entries(rowKeys(10), 6));
    expect(keysOf(await walked(links))).toEqual(rowKeys(20).slice(10).sort());
  });

  it('are given whole for narrow links and told to be more for wide ones', async () => {
    const links = new LinkSets(new MemoryRedis().connection(), LIMITS);
    const narrow = (rowKey: string) => ({ link: 'X=2', rowKey, position: position(1) });
    await links.enter(TABLE, [...entries(rowKeys(30)), ...['a', 'b', 'c', 'd', 'e'].map(narrow)]);
    const found = new Map<string, { count: number; wide: boolean }>();
    await links.each(TABLE, [LINK, 'X=2', 'X=3'], (link, rows) => {
      found.set(link, { count: rows.rowKeys.length, wide: rows.wide });
    });
    expect(found).toEqual(
      new Map([
        [LINK, { count: 5, wide: true }],
        ['X=2', { count: 5, wide: false }],
      ]),
    );
  });
});
