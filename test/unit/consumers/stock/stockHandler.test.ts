import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Change } from '#consumers/runner/changes.ts';
import { levelWrites } from '#consumers/stock/levelWrites.ts';
import { writeStock } from '#consumers/stock/stockHandler.ts';
import { levelText, parseLevel, skuKey } from '#consumers/stock/stockKeys.ts';
import type { IncomingMessage } from '#infra/kafka/types.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import type { StockLevel } from '#infra/runtime/config/stock.ts';
import { MemoryRedis } from '#test/support/consumers/memoryRedis.ts';
import { stock } from '#test/support/consumers/shopTables.ts';

const { signal } = new AbortController();
const positionOf = (n: number): string => `${n.toString(16).padStart(48, '0')}2`;
const row = (branch: number, qty: number) => ({ CODE: 'A1 ', BRANCH: branch, QTY: qty, ALLOC: 0 });
const change = (part: Partial<Change>): Change => ({
  table: 'dbo.STOCK',
  key: { CODE: 'A1 ', BRANCH: 1 },
  position: positionOf(1),
  op: 'u',
  before: null,
  after: null,
  sourceTsMs: 5,
  ...part,
});

describe('levelWrites', () => {
  it('writes the new level; a snapshot row has no commit time', () => {
    const level = { sku: 'A1', location: '1', position: positionOf(1) };
    expect(levelWrites(stock, change({ after: row(1, 4) }))).toMatchObject([
      { ...level, level: { onHand: 4 }, sourceTsMs: 5 },
    ]);
    expect(levelWrites(stock, change({ op: 'r', after: row(1, 4) }))[0]!.sourceTsMs).toBeNull();
  });

  it('takes the level away where the row was deleted, moved or no longer counts', () => {
    expect(levelWrites(stock, change({ op: 'd', before: row(1, 4) }))).toMatchObject([{ location: '1', level: null }]);
    expect(levelWrites(stock, change({ op: 'd' }))).toMatchObject([{ sku: 'A1', location: '1', level: null }]);
    expect(levelWrites(stock, change({ before: row(1, 4), after: row(2, 4) }))).toMatchObject([
      { location: '2', level: { onHand: 4 } },
      { location: '1', level: null },
    ]);
  });

  it('tells when the row before cannot be projected and its key names no place, and gives the new level all the same', () => {
    const moving = {
      ...stock,
      project: (of: Row) => ({ ...of, sku: (of['CODE'] as string).trim() }) as unknown as StockLevel,
    };
    const lost: string[] = [];
    const after = { CODE: 'A1', location: '2', onHand: 4, reserved: 0 };
    const writes = levelWrites(moving, { ...change({ before: {}, after }), key: { ID: 1 } }, ({ code }) =>
      lost.push(code),
    );
    expect(writes).toMatchObject([{ location: '2', level: { onHand: 4 } }]);
    expect(lost).toEqual(['PROJECTION_FAILED']);
  });

  it('refuses levels that are not whole numbers', () => {
    expect(() => levelWrites(stock, change({ after: row(1, 1.5) }))).toThrow(/whole numbers/);
  });
});

describe('a level as it is stored', () => {
  it('comes back as it was, with its safety stock taken off what is available', () => {
    const stored = (level: Parameters<typeof levelText>[0]) => parseLevel('1', positionOf(1) + levelText(level));
    expect(stored({ onHand: 9, reserved: 2 })).toMatchObject({ available: 7, safety: 0, live: false });
    expect(stored({ onHand: 9, reserved: 2, safety: 3 })).toMatchObject({ available: 4, safety: 3, live: false });
    expect(stored({ onHand: 2, reserved: 0, safety: 3 })).toMatchObject({ available: 0 });
    expect(stored({ onHand: 9, reserved: 2, live: true })).toMatchObject({ available: 7, safety: 0, live: true });
    expect(stored({ onHand: -4, reserved: 0 })).toMatchObject({ onHand: -4, available: 0 });
    expect(stored(null)).toBeNull();
  });

  it('is written as before where it has neither safety stock nor must be asked live', () => {
    expect(levelText({ onHand: 9, reserved: 2, safety: 0, live: false })).toBe('9|2');
  });
});

describe('writeStock', () => {
  it('ends with the newest level of every place, whatever comes how often in whatever order', async () => {
    const step = fc.record({ branch: fc.nat({ max: 1 }), qty: fc.nat({ max: 9 }), gone: fc.boolean() });
    const order = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 })), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), order, async (steps, slices) => {
        const changes = steps.map(({ branch, qty, gone }, n) =>
          change({
            key: { CODE: 'A1 ', BRANCH: branch },
            position: positionOf(n + 1),
            op: gone ? 'd' : 'u',
            after: gone ? null : row(branch, qty),
          }),
        );
        const redis = new MemoryRedis();
        const connection = redis.connection();
        const write = (part: readonly Change[]) =>
          writeStock(
            { redis: connection, definition: stock, now: () => 0 },
            { topic: '', partition: 0, records: part.map((value) => ({ value, message: {} as IncomingMessage })) },
            { reject: (_, error) => expect.unreachable(error.message), signal },
          );
        for (const [from, length] of slices) {
          const start = from % changes.length;
          await write(changes.slice(start, start + length + 1));
        }
        await write(changes);
        const stored = [...redis.hash(skuKey(connection, 'A1'))].flatMap(
          ([location, text]) => parseLevel(location, text) ?? [],
        );
        const expected = new Map<string, number>();
        for (const { branch, qty, gone } of steps)
          gone ? expected.delete(String(branch)) : expected.set(String(branch), qty);
        expect(new Map(stored.map(({ location, onHand }) => [location, onHand]))).toEqual(expected);
      }),
    );
  });
});
