import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { LocationStock } from './stockTypes.ts';

/** One sku is one key with its own hash tag, so that it lives whole in one slot. */
export function skuKey(redis: RedisCommands, sku: string): string {
  return redis.key('stock', `{${sku}}`);
}

/** The capped stream of changes: entries `sku`, `location`. Hints only: readers look at the level itself. */
export function changesKey(redis: RedisCommands): string {
  return redis.key('{stock-changes}', 'stream');
}

/** Hash: topic/partition → ms since 1970 at which this consumer had handled everything the partition held. */
export function freshnessKey(redis: RedisCommands): string {
  return redis.key('{stock-freshness}', 'caught-up');
}

/** Entries kept in the stream, about: some minutes of a busy shop. */
export const STREAM_LENGTH = 20_000;

/** A level as it is stored behind its position; `-` for one that was taken away. */
export function levelText(level: { readonly onHand: number; readonly reserved: number } | null): string {
  return level === null ? '-' : `${level.onHand}|${level.reserved}`;
}

/** null for a level that was taken away. */
export function parseLevel(location: string, text: string): LocationStock | null {
  const level = text.slice(POSITION_LENGTH);
  const bar = level.indexOf('|');
  if (bar < 0) return null;
  const onHand = Number(level.slice(0, bar));
  const reserved = Number(level.slice(bar + 1));
  return { location, onHand, reserved, available: Math.max(0, onHand - reserved) };
}
