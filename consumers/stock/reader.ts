import { CALLS, passedCalls, passedOf } from '#consumers/runner/progress.ts';
import { command, RedisClient, type RedisCommands } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { isChangeId, newestId, readChanges } from './changeStream.ts';
import { parseLevel, skuKey } from './stockKeys.ts';
import type { LocationStock, SkuStock, StockReader } from './stockTypes.ts';

const MAX_SKUS = 500;

export interface StockReaderOptions {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  /** Of the consumers that keep the copy. */
  readonly groupPrefix: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The storefront's view of stock. Connects at the first call. */
export function createStockReader(options: StockReaderOptions): StockReader {
  const { clock = systemClock, log } = options;
  const redis = new RedisClient({ ...options.redis, name: 'stock-reader', log });
  const waiting = redis.forBlockingReads();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    read: (skus) => readStock(redis, options.groupPrefix, skus, clock),
    latestChangeId: () => newestId(redis),
    async changes(afterId, { waitMs = 0, limit = 500, signal } = {}) {
      if (!isChangeId(afterId))
        throw new SluiceError('STOCK_REQUEST_INVALID', 'The change id is not one this stream gave.');
      if (waitMs === 0) return readChanges(redis, afterId, { waitMs, limit });
      const next = turn.then(() => {
        signal?.throwIfAborted();
        return readChanges(waiting, afterId, { waitMs, limit });
      });
      turn = next.catch(() => undefined);
      return next;
    },
    async close() {
      await Promise.all([redis.close(), waiting.close()]);
    },
  };
}

/** See StockReader.read. @throws STOCK_REQUEST_INVALID, REDIS_… errors */
export async function readStock(
  redis: RedisCommands,
  groupPrefix: string,
  skus: readonly string[],
  clock: Clock = systemClock,
): Promise<Map<string, SkuStock>> {
  if (skus.length === 0 || skus.length > MAX_SKUS)
    throw new SluiceError(
      'STOCK_REQUEST_INVALID',
      `Stock of ${skus.length} SKUs was asked for, 1 to ${MAX_SKUS} can be.`,
    );
  const wanted = [...new Set(skus)];
  // How far the copy has come is read first: what is read after it is at least that new.
  const answers = await redis.sendAll([
    ...passedCalls(redis, groupPrefix, 'stock'),
    ...wanted.map((sku) => command('HGETALL', skuKey(redis, sku))),
  ]);
  const nowMs = clock.now();
  const age = ageOf(passedOf(answers.slice(0, CALLS))?.sourceTimeMs ?? null, nowMs);
  const found = new Map<string, SkuStock>();
  for (const [index, sku] of wanted.entries()) {
    const stock = skuStock(sku, answers[CALLS + index] as string[], age);
    if (stock !== null) found.set(sku, stock);
  }
  return found;
}

/** As answers show how old a copy is. `sourceTimeMs`: what it has passed; null for not known. */
export function ageOf(sourceTimeMs: number | null, nowMs: number): Pick<SkuStock, 'asOf' | 'ageSeconds'> {
  if (sourceTimeMs === null) return { asOf: null, ageSeconds: null };
  // The source's clock may be a little ahead of ours.
  const asOfMs = Math.min(sourceTimeMs, nowMs);
  return { asOf: new Date(asOfMs).toISOString(), ageSeconds: Math.round((nowMs - asOfMs) / 100) / 10 };
}

function skuStock(sku: string, fields: readonly string[], age: Pick<SkuStock, 'asOf' | 'ageSeconds'>): SkuStock | null {
  if (fields.length === 0) return null;
  const locations: LocationStock[] = [];
  let isLive = false;
  for (let i = 0; i < fields.length; i += 2) {
    const level = parseLevel(fields[i]!, fields[i + 1]!);
    if (level === null) continue;
    const { live, ...shown } = level;
    isLive ||= live;
    locations.push(shown);
  }
  locations.sort((a, b) => (a.location < b.location ? -1 : 1));
  const sum = (of: (level: LocationStock) => number): number =>
    locations.reduce((total, level) => total + of(level), 0);
  return {
    sku,
    onHand: sum((level) => level.onHand),
    reserved: sum((level) => level.reserved),
    available: sum((level) => level.available),
    locations,
    ...age,
    live: isLive,
  };
}
