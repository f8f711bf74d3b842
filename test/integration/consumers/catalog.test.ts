import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { deadLetterTopic } from '#consumers/runner/deadLetters.ts';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import { POISON_NAME, type ShopTables } from '#test/support/consumers/shopTables.ts';
import { eventually } from '#test/support/eventually.ts';

type Product = ShopTables['dbo.PRODUCT'];

const code = (number: number): string => `P${String(number).padStart(5, '0')}    `;
const plainProduct = (number: number, changes: Partial<Product> = {}): Product => ({
  CODE: code(number),
  NAME: `Thing ${String(number).padStart(4, '0')}`,
  LONG_DESC: `All about thing ${number}`,
  CAT: number % 2 === 0 ? 'AAA ' : 'BBB ',
  VAT: 'S',
  PRICE: `${number}.50`,
  SEQ: 9_007_199_254_740_993n + BigInt(number),
  LIVE: 'Y',
  ...changes,
});

describe('the catalogue', () => {
  let shop: TestShop;
  let running: RunningConsumers;

  beforeAll(async () => {
    shop = await new TestShop(inject('stack')).open();
    await shop.feed.put('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'Indoors' }], { op: 'r' });
    await shop.feed.put(
      'dbo.CATEGORY',
      [
        { CAT: 'aaa', NAME: 'Chairs', GRP: 1 },
        { CAT: 'BBB', NAME: 'Tables', GRP: 1 },
      ],
      { op: 'r' },
    );
    await shop.feed.put(
      'dbo.PRODUCT',
      Array.from({ length: 120 }, (_, i) => plainProduct(i + 1)),
      { op: 'r' },
    );
    await shop.feed.put('dbo.BARCODE', [
      { BARCODE: '500002', CODE: code(1).trim() },
      { BARCODE: '500001', CODE: code(1) },
    ]);
    running = await shop.start();
  });

  afterAll(async () => {
    await running.stop();
    await shop.close();
  });

  const converged = (): Promise<void> =>
    eventually(async () => expect(await shop.actual()).toEqual(shop.expected()), { timeoutMs: 30_000, everyMs: 100 });

  it('equals a fresh build from the source after the snapshot, joins over padded keys included', async () => {
    await converged();
    expect((await shop.search.get('P00001'))!.document).toEqual({
      sku: 'P00001',
      name: 'Thing 0001',
      description: 'All about thing 1',
      category: 'Tables',
      group: 'Indoors',
      barcodes: ['500001', '500002'],
      priceMinor: 150,
      seq: '9007199254740994',
    });
  });

  it('follows renames over one hop and over two', async () => {
    await shop.feed.put('dbo.CATEGORY', [{ CAT: 'aaa', NAME: 'Armchairs', GRP: 1 }]);
    await shop.feed.put('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'In the house' }]);
    await converged();
    expect([...(await shop.actual()).values()]).toContainEqual(
      expect.objectContaining({ category: 'Armchairs', group: 'In the house' }),
    );
  });

  it('follows a row that moves from one document to another', async () => {
    await shop.feed.put('dbo.BARCODE', [{ BARCODE: '500002', CODE: code(2) }]);
    await shop.feed.put('dbo.PRODUCT', [plainProduct(3, { CAT: 'AAA ' }), plainProduct(4, { CAT: null })]);
    await converged();
    expect((await shop.search.get('P00002'))!.document.barcodes).toEqual(['500002']);
    expect((await shop.search.get('P00001'))!.document.barcodes).toEqual(['500001']);
    expect((await shop.search.get('P00004'))!.document.category).toBeNull();
  });

  it('keeps a large value that did not travel with the change', async () => {
    await shop.feed.put('dbo.PRODUCT', [plainProduct(5, { PRICE: '1.00' })], { unavailable: ['LONG_DESC'] });
    await converged();
    expect((await shop.search.get('P00005'))!.document).toMatchObject({
      priceMinor: 100,
      description: 'All about thing 5',
    });
  });

  it('hides deleted and filtered products and brings them back', async () => {
    await shop.feed.remove('dbo.PRODUCT', plainProduct(6));
    await shop.feed.put('dbo.PRODUCT', [plainProduct(7, { LIVE: 'N' })]);
    await converged();
    expect(await shop.search.get('P00006')).toBeNull();
    expect(await shop.search.get('P00007')).toBeNull();
    await shop.feed.put('dbo.PRODUCT', [plainProduct(6), plainProduct(7)]);
    await converged();
    expect(await shop.search.get('P00006')).not.toBeNull();
  });

  it('puts a poisoned record aside and lets the others pass', async () => {
    await shop.feed.sendGarbage('dbo.PRODUCT', plainProduct(8));
    await shop.feed.put('dbo.PRODUCT', [plainProduct(9, { NAME: POISON_NAME }), plainProduct(10, { NAME: 'Fine' })]);
    await eventually(async () => expect((await shop.search.get('P00010'))!.document.name).toBe('Fine'));
    const letters: string[] = [];
    await eventually(async () => {
      letters.length = 0;
      await shop.kafka.readTopic({
        topic: deadLetterTopic(shop.config.consumers.groupPrefix),
        from: 'beginning',
        onBatch: ({ messages }) => {
          for (const { headers } of messages) letters.push(headers['sluice.dead.code']!.toString());
        },
      });
      expect(letters.sort()).toEqual(['PROJECTION_FAILED', 'RECORD_UNREADABLE']);
    });
    await shop.feed.put('dbo.PRODUCT', [plainProduct(9, { NAME: 'Well again' })]);
    await converged();
  });

  it('tells lag, documents and latency', async () => {
    await eventually(() => {
      expect(running.status('rows')).toMatchObject({ state: 'running', lag: 0, deadLetters: 1 });
      expect(running.status('catalog.product')).toMatchObject({ state: 'running', lag: 0, deadLetters: 1 });
    });
    const { commitToSearchable, documentsWritten } = running.status('catalog.product') as {
      commitToSearchable: { count: number };
      documentsWritten: number;
    };
    expect(documentsWritten).toBeGreaterThan(120);
    expect(commitToSearchable.count).toBeGreaterThan(0);
  });

  it('searches with facets that count without their own filter', async () => {
    const { total, facets, bounds } = await shop.search.search({ filters: { category: ['Tables'] } });
    expect(total).toBe(facets['category']!.find(({ value }) => value === 'Tables')!.count);
    expect(facets['category']!.find(({ value }) => value === 'Armchairs')!.count).toBeGreaterThan(0);
    expect(facets['group']!.map(({ count }) => count)).toEqual([total]);
    expect(bounds['price']!.min).toBeGreaterThan(0);
    const cheap = await shop.search.search({
      filters: { priceBand: ['cheap'] },
      ranges: { price: { to: 400 } },
      q: '',
    });
    expect(cheap.items.every(({ document }) => document.priceMinor < 400)).toBe(true);
  });

  it('finds by code, by words, by beginnings and with typing mistakes', async () => {
    const first = async (q: string): Promise<string | undefined> => (await shop.search.search({ q })).items[0]?.id;
    expect(await first('p00042')).toBe('P00042');
    expect(await first('Thing 0042')).toBe('P00042');
    expect(await first('thing 004')).toMatch(/^P0004\d$/);
    expect(await first('thinf 0042')).toBe('P00042');
    const [suggestion] = (await shop.search.suggest('thi 0042')).products;
    expect(suggestion).toEqual({ id: 'P00042', text: 'Thing 0042', fields: { sku: 'P00042', category: 'Armchairs' } });
    const { items } = await shop.search.search({ q: 'Thing 0042', limit: 1 });
    expect(items[0]!.highlight['name']).toBe('<mark>Thing</mark> <mark>0042</mark>');
  });

  it('refuses what the definition does not offer', async () => {
    for (const params of [{ sort: 'evil' }, { filters: { nope: ['x'] } }, { cursor: 'x' }, { limit: 1000 }])
      await expect(shop.search.search(params)).rejects.toMatchObject({ code: 'SEARCH_REQUEST_INVALID' });
  });
});
