import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Change } from '#consumers/runner/changes.ts';
import type { StockEvent } from '#consumers/stock/stockEvents.ts';
import { type StockSink, writeStock } from '#consumers/stock/stockHandler.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import { command, RedisClient } from '#infra/redis/client.ts';
import type { StockDefinition } from '#infra/runtime/config/stock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';

const LOW = 3;
const RECOVER_ABOVE = 2;
const BACK_AT = 2;
const NOW_MS = 1_700_000_000_000;
const { signal } = new AbortController();

/** One change of a level: place, pieces, whether the row was deleted. */
interface Step {
  readonly location: 0 | 1;
  readonly pieces: number;
  readonly gone: boolean;
}

let redis: RedisClient;
beforeAll(() => {
  redis = new RedisClient({
    url: inject('stack').redis!.url,
    keyPrefix: `ev${randomBytes(4).toString('hex')}:`,
    name: 'test',
    log: silentLogger,
  });
});
afterAll(async () => {
  for await (const keys of redis.scan(redis.key('*'))) await redis.send(command('DEL', ...keys));
  await redis.close();
});

const definition = (scope: 'sku' | 'location'): StockDefinition => ({
  table: 'dbo.STOCK',
  project: (row) => ({
    ...(row as { sku: string; location: string; onHand: number }),
    reserved: 1,
    safety: 1,
    lowAt: LOW,
  }),
  events: { scope, lowAt: LOW, recoverAbove: RECOVER_ABOVE, backAt: BACK_AT, maxAgeSeconds: 60 },
});

const positionOf = (n: number): string => `${n.toString(16).padStart(48, '0')}2`;

function changeOf(sku: string, { location, pieces, gone }: Step, n: number, sourceTsMs = NOW_MS): Change {
  const key = { sku, location: String(location) };
  // One is reserved and one held back: `pieces` is what can be had.
  const after = gone ? null : { ...key, onHand: pieces + 2 };
  const op = gone ? ('d' as const) : ('u' as const);
  return { table: 'dbo.STOCK', key, position: positionOf(n), op, before: null, after, sourceTsMs };
}

const batchOf = (changes: readonly Change[]) => ({
  topic: '',
  partition: 0,
  records: changes.map((value) => ({ value, message: {} as IncomingMessage })),
});
const control = { signal, reject: () => expect.unreachable() };

/** The events of these changes in their order, `type@n`, by the rule alone: no store, no script. */
function crossings(steps: readonly Step[], scope: 'sku' | 'location'): string[] {
  const levels = new Map<number, number>();
  const texts = new Map<number, string>();
  const states = new Map<string, 'ok' | 'low' | 'out'>();
  const found: string[] = [];
  const judge = (available: number): 'ok' | 'low' | 'out' => (available <= 0 ? 'out' : available <= LOW ? 'low' : 'ok');
  const sum = (): number => [...levels.values()].reduce((a, b) => a + b, 0);
  for (const [i, { location, pieces, gone }] of steps.entries()) {
    const place = scope === 'sku' ? '' : String(location);
    const isKnown = scope === 'sku' ? levels.size > 0 : levels.has(location);
    const was = scope === 'sku' ? sum() : (levels.get(location) ?? 0);
    const text = gone ? 'gone' : String(pieces);
    const isChanged = gone ? texts.has(location) && texts.get(location) !== 'gone' : texts.get(location) !== text;
    texts.set(location, text);
    levels.set(location, gone ? 0 : pieces);
    if (!isChanged) continue;
    const available = scope === 'sku' ? sum() : levels.get(location)!;
    const before = states.get(place) ?? (isKnown ? judge(was) : undefined);
    let now = judge(available);
    if (before === 'out' && available < BACK_AT) now = 'out';
    else if (before === 'out') found.push(`stock.back_in_stock@${i + 1}:${available}`);
    else if (before === 'low' && now === 'ok' && available < LOW + RECOVER_ABOVE) now = 'low';
    else if (before === 'ok' && now !== 'ok') found.push(`stock.low@${i + 1}:${available}`);
    states.set(place, now);
  }
  return found;
}

const steps = fc.array(
  fc.record({
    location: fc.constantFrom(0 as const, 1 as const),
    pieces: fc.nat({ max: 7 }),
    gone: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 20 },
);
const nameOf = (event: StockEvent): string =>
  `${event.type}@${Number.parseInt(event.position.slice(0, 48), 16)}:${event.available}`;

describe('stock events', () => {
  it.each(['sku', 'location'] as const)(
    'are told once for each crossing of a %s, whatever is read again and wherever the writer is killed',
    async (scope) => {
      let run = 0;
      const killed = fc.array(fc.constantFrom('no', 'no', 'no', 'before', 'after'), { minLength: 30, maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(steps, killed, fc.integer({ min: 1, max: 5 }), async (list, kills, size) => {
          const sku = `${scope}${++run}`;
          const changes = list.map((step, i) => changeOf(sku, step, i + 1));
          const told: StockEvent[] = [];
          let call = 0;
          const sink: StockSink = {
            redis,
            definition: definition(scope),
            now: () => NOW_MS,
            sendEvents: async (events) => {
              const kill = kills[call++ % kills.length];
              if (kill === 'before') throw new Error('killed before the events were stored');
              told.push(...events);
              if (kill === 'after') throw new Error('killed after the events were stored');
            },
          };
          // A batch is given again until it was handled; then an older part of the log is read again for no reason.
          for (let start = 0; start < changes.length; start += size) {
            const batch = batchOf(changes.slice(start, start + size));
            for (let tries = 0; tries < 40; tries++) {
              const done = await writeStock(sink, batch, control).then(
                () => true,
                () => false,
              );
              if (done) break;
            }
            const events = told.length;
            await writeStock(sink, batchOf(changes.slice(0, start + size)), control);
            expect(told.length).toBe(events);
          }
          const once = new Map(told.map((event) => [event.id, event]));
          expect([...once.values()].map(nameOf)).toEqual(crossings(list, scope));
        }),
        { numRuns: 60 },
      );
    },
    120_000,
  );

  it('are not told of what is long past, nor of the first level of an article', async () => {
    const told: string[] = [];
    const sink: StockSink = {
      redis,
      definition: definition('sku'),
      now: () => NOW_MS,
      sendEvents: async (events) => void told.push(...events.map(nameOf)),
    };
    const at = (n: number, pieces: number, sourceTsMs = NOW_MS): Change =>
      changeOf('PAST', { location: 0, pieces, gone: false }, n, sourceTsMs);
    const hourAgoMs = NOW_MS - 3_600_000;
    await writeStock(sink, batchOf([at(1, 1)]), control);
    await writeStock(sink, batchOf([at(2, 9, hourAgoMs), at(3, 0, hourAgoMs), at(4, 9, hourAgoMs)]), control);
    expect(told).toEqual([]);
    await writeStock(sink, batchOf([at(5, 2)]), control);
    expect(told).toEqual(['stock.low@5:2']);
  });

  it('know the state of levels that were there before events were wanted', async () => {
    const told: string[] = [];
    const { events: _, ...without } = definition('sku');
    const plain: StockSink = { redis, definition: without, now: () => NOW_MS };
    const sink = {
      ...plain,
      definition: definition('sku'),
      sendEvents: async (e: readonly StockEvent[]) => void told.push(...e.map(nameOf)),
    };
    const at = (n: number, pieces: number): Change => changeOf('EARLIER', { location: 1, pieces, gone: false }, n);
    await writeStock(plain, batchOf([at(1, 0)]), control);
    await writeStock(sink, batchOf([at(2, 5)]), control);
    expect(told).toEqual(['stock.back_in_stock@2:5']);
  });
});
