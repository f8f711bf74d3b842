import { beforeEach, describe, expect, it } from 'vitest';
import { assemble } from '#consumers/rows/assemble.ts';
import { planDocument, planTables } from '#consumers/rows/relations.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import { linkText, rowKeyText } from '#consumers/rows/rowText.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';
import { product } from '#test/support/consumers/shopTables.ts';

const plan = planDocument(product);
const tables = planTables([plan]);
const POSITION = `${'7'.padStart(20, '0')}${'0'.repeat(28)}2`;

describe('the rows of a document', () => {
  let redis: MemoryRedis;
  let calls: number;
  let store: RowStore;

  beforeEach(() => {
    redis = new MemoryRedis();
    calls = 0;
    const counting = redis.connection();
    store = new RowStore({
      ...counting,
      sendAll: (list) => {
        calls += 1;
        return counting.sendAll(list);
      },
    });
  });

  const put = async (table: string, keyColumn: string, rows: Record<string, unknown>[]): Promise<void> => {
    const { linkColumns } = tables.get(table)!;
    const versions = rows.map((row) => ({
      key: rowKeyText({ [keyColumn]: row[keyColumn] }),
      position: POSITION,
      row,
      links: linkColumns.flatMap((columns) => linkText(row, columns) ?? []),
    }));
    await store.write(table, versions);
  };
  const products = (count: number) =>
    put(
      'dbo.PRODUCT',
      'CODE',
      Array.from({ length: count }, (_, i) => ({ CODE: `P${i}`, CAT: 'A', LIVE: 'Y' })),
    );
  const barcodes = (code: string, count: number) =>
    put(
      'dbo.BARCODE',
      'BARCODE',
      Array.from({ length: count }, (_, i) => ({ BARCODE: `${code}-${i}`, CODE: code })),
    );
  const keys = (count: number): string[] => Array.from({ length: count }, (_, i) => rowKeyText({ CODE: `P${i}` }));

  it('come in as many round trips as there are levels, however many documents there are', async () => {
    await products(200);
    await put('dbo.CATEGORY', 'CAT', [{ CAT: 'a ', NAME: 'Chairs', GRP: 1 }]);
    await put('dbo.CAT_GROUP', 'GRP', [{ GRP: 1, TITLE: 'Indoors' }]);
    await barcodes('P7', 3);
    calls = 0;
    const found = await assemble(store, plan, keys(200));
    // Roots; links and rows of category and bar codes side by side; links and rows of the group.
    expect(calls).toBeLessThanOrEqual(1 + 2 * 2 + 2);
    expect(found.size).toBe(200);
    const { rows } = found.get(keys(8)[7]!)!;
    expect(rows.get('group')).toEqual([{ GRP: 1, TITLE: 'Indoors' }]);
    expect(rows.get('barcodes')).toHaveLength(3);
  });

  it('are named with their positions', async () => {
    await products(1);
    await barcodes('P0', 1);
    expect((await assemble(store, plan, keys(1))).get(keys(1)[0]!)!.origins()).toEqual([
      { alias: 'root', table: 'dbo.PRODUCT', key: '{"CODE":"P0"}', position: POSITION },
      { alias: 'barcodes', table: 'dbo.BARCODE', key: '{"BARCODE":"P0-0"}', position: POSITION },
    ]);
  });

  it('are refused for one document alone when a join gives more than it takes', async () => {
    await products(3);
    await barcodes('P1', 12);
    await barcodes('P2', 10);
    const found = await assemble(store, plan, keys(3), { rows: 1000, rowsOfJoin: 10 });
    expect([...found.values()].map(({ tooWide }) => tooWide?.code)).toEqual([undefined, 'JOIN_TOO_WIDE', undefined]);
    expect(found.get(keys(3)[2]!)!.rows.get('barcodes')).toHaveLength(10);
  });

  it('are refused without being read when a join is wide beyond measure', async () => {
    await products(1);
    await barcodes('P0', 3000);
    let read = 0;
    const versions = store.versions.bind(store);
    store.versions = (table, list) => {
      read += list.length;
      return versions(table, list);
    };
    const found = await assemble(store, plan, keys(1), { rows: 100, rowsOfJoin: 50 });
    expect([...found.values()][0]!.tooWide?.code).toBe('JOIN_TOO_WIDE');
    expect(read).toBe(1);
  });

  it('are read for fewer documents at once when there are very many', async () => {
    await products(16);
    for (let i = 0; i < 16; i++) await barcodes(`P${i}`, 9);
    const atOnce: number[] = [];
    const versions = store.versions.bind(store);
    store.versions = async (table, list) => {
      if (table === 'dbo.BARCODE') atOnce.push(list.length);
      return versions(table, list);
    };
    const found = await assemble(store, plan, keys(16), { rows: 50, rowsOfJoin: 10 });
    expect([...found.values()].every(({ rows }) => rows.get('barcodes')!.length === 9)).toBe(true);
    expect([...found.keys()]).toEqual(keys(16));
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(50);
  });
});
