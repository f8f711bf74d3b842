import { describe, expect, it } from 'vitest';
import type { SqlExecutor, SqlParam } from '#infra/demo/sqlExecutor.ts';
import { adventureWorksTraffic } from '#infra/demo/traffic/adventureWorksTraffic.ts';
import { eposTraffic } from '#infra/demo/traffic/eposTraffic.ts';
import type { ShopTraffic } from '#infra/demo/traffic/shopTraffic.ts';
import { startTraffic, type TrafficOptions } from '#infra/demo/traffic/traffic.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { eventually } from '../../../support/eventually.ts';

/** Time that passes only by sleeping. */
function skippingClock(): Clock & { slept: number } {
  let now = 0;
  return {
    slept: 0,
    now: () => now,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      now += ms;
      this.slept += ms;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
}

interface Call {
  readonly text: string;
  readonly params: Readonly<Record<string, SqlParam>>;
}

/** Answers the questions of `prepare` with a tiny shop and every action with three changes. */
function fakeDatabase(answer: (call: Call) => number = () => 3): SqlExecutor & { readonly calls: Call[] } {
  const calls: Call[] = [];
  return {
    calls,
    query: async (text, params = {}) => {
      const rows = (list: object[]): never => list as never;
      if (text.startsWith('SET NOCOUNT ON')) {
        calls.push({ text, params });
        return rows([{ changes: answer({ text, params }), made: text.includes('AS made') ? 77 : null }]);
      }
      if (text.includes('FROM dbo.PRODUCT ORDER')) return rows([{ code: 'A1   ' }, { code: 'B2   ' }, { code: 'C3' }]);
      if (text.includes('FROM dbo.BRANCH')) return rows([{ no: 1 }, { no: 2 }, { no: 3 }]);
      if (text.includes('FROM dbo.DEPT ORDER')) return rows([{ code: 'GARD', name: 'Garden' }]);
      if (text.includes('FROM dbo.CUSTOMER')) return rows([{ no: 1 }, { no: 2 }]);
      if (text.includes('INNER JOIN Production.Product AS p'))
        return rows([
          { product: 1, location: 6 },
          { product: 2, location: 7 },
        ]);
      if (text.startsWith('SELECT ProductSubcategoryID')) return rows([{ id: 1, name: 'Bikes' }]);
      if (text.includes('Production.ProductDescription AS d')) return rows([{ id: 3, text: 'A bike.' }]);
      if (text.includes('FROM Sales.Customer')) return rows([{ id: 1 }]);
      throw new Error(`unexpected statement: ${text}`);
    },
  };
}

const options = (executor: SqlExecutor, change: Partial<TrafficOptions> = {}): TrafficOptions => ({
  executor,
  shop: eposTraffic,
  log: silentLogger,
  changesPerSecond: 100,
  lanes: 1,
  seed: 5,
  clock: skippingClock(),
  ...change,
});

async function firstCalls(count: number, change: Partial<TrafficOptions> = {}): Promise<Call[]> {
  const database = fakeDatabase();
  const traffic = await startTraffic(options(database, change));
  await eventually(() => database.calls.length >= count, { truthy: true });
  await traffic.stop();
  return database.calls.slice(0, count);
}

describe('live traffic', () => {
  it('does the same things for the same seed and others for another', async () => {
    const first = await firstCalls(60);
    expect(await firstCalls(60)).toEqual(first);
    expect(await firstCalls(60, { seed: 6 })).not.toEqual(first);
  });

  it.each<[string, ShopTraffic]>([
    ['the general store', eposTraffic],
    ['AdventureWorks', adventureWorksTraffic],
  ])('runs each action of %s as one transaction with every parameter bound', async (_, shop) => {
    for (const { text, params } of await firstCalls(400, { shop })) {
      expect(text).toContain('SET XACT_ABORT ON');
      expect(text.match(/BEGIN TRANSACTION/g)).toHaveLength(1);
      const declared = new Set([...text.matchAll(/DECLARE (@\w+)/g)].map((match) => match[1]));
      const used = new Set(
        [...text.matchAll(/(?<!@)@\w+/g)].map((match) => match[0]).filter((name) => !declared.has(name)),
      );
      expect(used).toEqual(new Set(Object.keys(params).map((name) => `@${name}`)));
    }
  });

  it('keeps to the rate it is given, counted in row changes', async () => {
    const clock = skippingClock();
    const database = fakeDatabase();
    const traffic = await startTraffic(options(database, { clock, lanes: 2 }));
    await eventually(() => traffic.counters().changes >= 900, { truthy: true });
    await traffic.stop();
    const seconds = clock.now() / 1000;
    expect(traffic.counters().changes / seconds).toBeGreaterThan(80);
    expect(traffic.counters().changes / seconds).toBeLessThan(220);
  });

  it('pauses at rate 0 and goes on when the rate is raised', async () => {
    const clock = skippingClock();
    const database = fakeDatabase();
    const traffic = await startTraffic(options(database, { clock, changesPerSecond: 0 }));
    await eventually(() => clock.slept > 1000, { truthy: true });
    expect(database.calls).toHaveLength(0);
    traffic.setRate(50);
    await eventually(() => database.calls.length > 5, { truthy: true });
    await traffic.stop();
  });

  it('runs a deadlock victim again and counts it', async () => {
    let failures = 3;
    const database = fakeDatabase(() => {
      if (failures-- > 0) throw Object.assign(new Error('deadlock'), { number: 1205 });
      return 2;
    });
    const traffic = await startTraffic(options(database));
    await eventually(() => traffic.counters().changes > 0, { truthy: true });
    await traffic.stop();
    expect(traffic.counters().retries).toBe(3);
  });

  it('ends loudly on any other error', async () => {
    const database = fakeDatabase(() => {
      throw Object.assign(new Error('Invalid object name'), { number: 208 });
    });
    const traffic = await startTraffic(options(database));
    await expect(traffic.failed).rejects.toThrow('Invalid object name');
    await expect(traffic.stop()).rejects.toThrow('Invalid object name');
  });

  it('stops when its signal fires', async () => {
    const abort = new AbortController();
    const database = fakeDatabase();
    const traffic = await startTraffic(options(database, { signal: abort.signal }));
    await eventually(() => database.calls.length > 0, { truthy: true });
    abort.abort();
    await traffic.stop();
    const after = database.calls.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(database.calls).toHaveLength(after);
  });

  it('cancels only orders it took itself', async () => {
    const cancels = (await firstCalls(3000)).filter(({ params }) => params['to'] === 'C');
    expect(cancels.length).toBeGreaterThan(0);
    for (const { params } of cancels) expect(params['wanted']).toBe(77);
  });

  it('does everything a shop day needs', async () => {
    const database = fakeDatabase();
    const traffic = await startTraffic(options(database));
    await eventually(() => Object.keys(traffic.counters().actions).length === 13, { truthy: true });
    await traffic.stop();
    const names = Object.keys(traffic.counters().actions);
    for (const name of [
      'till sale',
      'delivery',
      'price change',
      'description change',
      'listing',
      'order picked',
      'order shipped',
    ]) {
      expect(names).toContain(name);
    }
  });
});
