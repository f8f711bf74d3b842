import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type RunningConsumers, TestShop } from '#test/support/consumers/running.ts';
import type { ShopTables } from '#test/support/consumers/shopTables.ts';
import { eventually } from '#test/support/eventually.ts';

/** Products in one category; SLUICE_FANOUT_PRODUCTS=100000 for the long form. */
const PRODUCTS = Number(process.env['SLUICE_FANOUT_PRODUCTS'] ?? 2400);
const PATIENCE = { timeoutMs: 60_000 + PRODUCTS * 4, everyMs: 50 };
const SINGLES = 5;

const product = (number: number, price = 1): ShopTables['dbo.PRODUCT'] => ({
  CODE: `P${number}`,
  NAME: `Thing ${String(number).padStart(6, '0')}`,
  LONG_DESC: null,
  CAT: number % 3 === 0 ? 'SIDE' : 'WIDE',
  VAT: 'S',
  PRICE: `${price}.00`,
  SEQ: BigInt(number),
  LIVE: 'Y',
});

describe('a change that touches very many documents', () => {
  let shop: TestShop;
  let running: RunningConsumers;

  beforeAll(async () => {
    shop = await new TestShop(inject('stack'), { maxBatchRecords: 1000 }).open();
    await shop.feed.put('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'First' }], { op: 'r' });
    await shop.feed.put('dbo.CATEGORY', [category('WIDE', 'First'), category('SIDE', 'Side')], { op: 'r' });
    const all = Array.from({ length: PRODUCTS }, (_, i) => product(i));
    await shop.feed.put('dbo.PRODUCT', all, { op: 'r' });
    running = await shop.start();
    await eventually(async () => expect(await count({ category: 'First' })).toBe(wideProducts()), PATIENCE);
  }, PATIENCE.timeoutMs);

  afterAll(async () => {
    await running.stop();
    await shop.close();
  });

  it('lets the change of a single product pass', { timeout: PATIENCE.timeoutMs }, async () => {
    await shop.feed.put('dbo.CATEGORY', [category('WIDE', 'Second')]);
    await eventually(() => expect(running.status('fanOut')['rowsWalked']).toBeGreaterThan(0));
    const builtMeanwhile: number[] = [];
    const renamedThen: number[] = [];
    for (let i = 1; i <= SINGLES; i++) {
      // The products walked last would otherwise wait for all others.
      const number = PRODUCTS - 1 - i;
      const before = built();
      await shop.feed.put('dbo.PRODUCT', [product(number, 100 + i)]);
      await eventually(async () => expect(await priceOf(number)).toBe((100 + i) * 100), { everyMs: 5 });
      builtMeanwhile.push(built() - before);
      renamedThen.push(await count({ category: 'Second' }));
    }
    expect(renamedThen[0]).toBeLessThan(wideProducts());
    expect(builtMeanwhile.sort((a, b) => a - b)[SINGLES >> 1]).toBeLessThan(wideProducts() / 2);
    await eventually(async () => expect(await count({ category: 'Second' })).toBe(wideProducts()), PATIENCE);
  });

  it('goes on where it was when its process is killed', { timeout: PATIENCE.timeoutMs }, async () => {
    await running.stop();
    const child = await startProcess();
    await shop.feed.put('dbo.CATEGORY', [category('WIDE', 'Third')]);
    await eventually(async () => expect(await count({ category: 'Third' })).toBeGreaterThan(0), PATIENCE);
    await kill(child);
    await shop.feed.put('dbo.CAT_GROUP', [{ GRP: 1, TITLE: 'Second' }]);
    running = await shop.start();
    await eventually(
      async () => expect(await count({ group: 'Second', category: 'Third' })).toBe(wideProducts()),
      PATIENCE,
    );
    await eventually(async () => expect(await shop.actual()).toEqual(shop.expected()), { ...PATIENCE, everyMs: 200 });
    await eventually(() => expect(running.status('fanOut')).toMatchObject({ lag: 0, deadLetters: 0 }));
  });

  function category(code: string, name: string): ShopTables['dbo.CATEGORY'] {
    return { CAT: code, NAME: name, GRP: 1 };
  }

  const wideProducts = (): number => shop.feed.rows('dbo.PRODUCT').filter(({ CAT }) => CAT === 'WIDE').length;
  const built = (): number => running.status('catalog.product')['documentsWritten'] as number;
  const alias = (): string => `${shop.config.elasticsearch.indexPrefix}product`;

  async function count(terms: Record<string, string>): Promise<number> {
    const filter = Object.entries(terms).map(([field, value]) => ({ term: { [field]: value } }));
    const query = { bool: { filter } };
    return (await shop.elastic.request<{ count: number }>('POST', `/${alias()}/_count`, { query })).count;
  }

  async function priceOf(number: number): Promise<unknown> {
    return (await shop.search.get(`P${number}`))?.document.priceMinor;
  }

  async function startProcess(): Promise<ChildProcess> {
    const script = fileURLToPath(new URL('../../support/consumers/consumerProcess.ts', import.meta.url));
    const child = spawn(process.execPath, [script, JSON.stringify(inject('stack')), shop.id, '500'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout!, 'data');
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
