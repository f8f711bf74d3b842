import { command, RedisClient } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { changesKey, freshnessKey, parseLevel, skuKey } from './stockKeys.ts';
import type { LocationStock, SkuStock, StockChange, StockReader } from './stockTypes.ts';

const MAX_SKUS = 500;
const STREAM_ID = /^\d{1,20}-\d{1,20}$/u;

export interface StockReaderOptions {
  readonly redis: { readonly url: string; readonly keyPrefix: string };
  readonly log: Logger;
  readonly clock?: Clock;
}

/** The storefront's view of stock. Connects at the first call. */
export function createStockReader(options: StockReaderOptions): StockReader {
  const { clock = systemClock, log } = options;
  const redis = new RedisClient({ ...options.redis, name: 'stock-reader', log });
  const waiting = redis.forBlockingReads();
  let turn: Promise<unknown> = Promise.resolve();

  const read = async (skus: readonly string[]): Promise<Map<string, SkuStock>> => {
    if (skus.length === 0 || skus.length > MAX_SKUS)
      throw new SluiceError(
        'STOCK_REQUEST_INVALID',
        `Stock of ${skus.length} SKUs was asked for, 1 to ${MAX_SKUS} can be.`,
      );
    const wanted = [...new Set(skus)];
    const [freshness, ...levels] = (await redis.sendAll([
      command('HVALS', freshnessKey(redis)),
      ...wanted.map((sku) => command('HGETALL', skuKey(redis, sku))),
    ])) as string[][];
    const nowMs = clock.now();
    const asOfMs = Math.min(nowMs, ...freshness!.map(Number));
    const found = new Map<string, SkuStock>();
    for (const [index, sku] of wanted.entries()) {
      const stock = skuStock(sku, levels[index]!, freshness!.length === 0 ? 0 : asOfMs, nowMs);
      if (stock !== null) found.set(sku, stock);
    }
    return found;
  };

  return {
    read,
    async latestChangeId() {
      const last = (await redis.send(command('XREVRANGE', changesKey(redis), '+', '-', 'COUNT', 1))) as [string][];
      return last[0]?.[0] ?? '0-0';
    },
    changes(afterId, { waitMs = 0, limit = 500, signal } = {}) {
      const next = turn.then(async () => {
        signal?.throwIfAborted();
        if (!STREAM_ID.test(afterId))
          throw new SluiceError('STOCK_REQUEST_INVALID', 'The change id is not one this stream gave.');
        const entries = await readStream(waitMs > 0 ? waiting : redis, afterId, waitMs, limit);
        const gap = entries.length > 0 && (await isGap(redis, afterId));
        return { changes: await presentLevels(redis, entries), gap };
      });
      turn = next.catch(() => undefined);
      return next;
    },
    async close() {
      await Promise.all([redis.close(), waiting.close()]);
    },
  };
}

interface Entry {
  readonly id: string;
  readonly sku: string;
  readonly location: string;
}

async function readStream(redis: RedisClient, afterId: string, waitMs: number, limit: number): Promise<Entry[]> {
  const block = waitMs > 0 ? ['BLOCK', waitMs] : [];
  const answer = (await redis.send(
    command('XREAD', 'COUNT', limit, ...block, 'STREAMS', changesKey(redis), afterId),
  )) as [string, [string, string[]][]][] | null;
  return (answer?.[0]?.[1] ?? []).map(([id, fields]) => ({ id, sku: fields[1]!, location: fields[3]! }));
}

/** True when entries after `afterId` may have been dropped from the capped stream. */
async function isGap(redis: RedisClient, afterId: string): Promise<boolean> {
  const first = (await redis.send(command('XRANGE', changesKey(redis), '-', '+', 'COUNT', 1))) as [string][];
  return afterId !== '0-0' && first[0] !== undefined && compareIds(afterId, first[0][0]) < 0;
}

function compareIds(a: string, b: string): number {
  const [aMs, aSeq] = a.split('-').map(BigInt) as [bigint, bigint];
  const [bMs, bSeq] = b.split('-').map(BigInt) as [bigint, bigint];
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  return aSeq < bSeq ? -1 : aSeq > bSeq ? 1 : 0;
}

/** One change per place with the level as it is now, so that entries in a strange order cannot show an older level after a newer one. */
async function presentLevels(redis: RedisClient, entries: readonly Entry[]): Promise<StockChange[]> {
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const place = JSON.stringify([entry.sku, entry.location]);
    last.delete(place);
    last.set(place, entry);
  }
  const places = [...last.values()];
  const texts = (await redis.sendAll(
    places.map(({ sku, location }) => command('HGET', skuKey(redis, sku), location)),
  )) as (string | null)[];
  return places.map(({ id, sku, location }, index) => {
    const text = texts[index] ?? null;
    const level = text === null ? null : parseLevel(location, text);
    return { id, sku, ...(level ?? { location, onHand: 0, reserved: 0, available: 0 }) };
  });
}

function skuStock(sku: string, fields: readonly string[], asOfMs: number, nowMs: number): SkuStock | null {
  if (fields.length === 0) return null;
  const locations: LocationStock[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const level = parseLevel(fields[i]!, fields[i + 1]!);
    if (level !== null) locations.push(level);
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
    asOf: new Date(asOfMs).toISOString(),
    ageSeconds: Math.max(0, Math.round((nowMs - asOfMs) / 100) / 10),
  };
}
