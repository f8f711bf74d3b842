import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { LocationStock } from './stockTypes.ts';

/** Hash tags the skus lie under: levels of one tag are written by one call, and a Redis Cluster spreads the tags over its nodes. */
export const TAGS = 64;

const tagOf = (number: number): string => `{${String(number).padStart(2, '0')}}`;

/** The hash tag of a sku: `{00}` to `{63}`. FNV-1a over its UTF-16 code units. */
export function skuTag(sku: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < sku.length; i++) hash = Math.imul(hash ^ sku.charCodeAt(i), 0x01000193);
  return tagOf((hash >>> 0) % TAGS);
}

/** All levels of a sku, by location. */
export function skuKey(redis: RedisCommands, sku: string): string {
  return redis.key('stock', skuTag(sku), sku);
}

/** What is known of a sku's shortages; see stockScripts.ts. Under the tag of the sku. */
export function alertKey(redis: RedisCommands, sku: string): string {
  return redis.key('stock-alert', skuTag(sku), sku);
}

/** Levels that were taken away under a tag, by the time they were. */
export function goneKey(redis: RedisCommands, tag: string | number): string {
  return redis.key('stock-gone', typeof tag === 'number' ? tagOf(tag) : tag);
}

/** Pattern of all sku keys, for SCAN, and how many characters stand before the sku. */
export function skuPattern(redis: RedisCommands): { readonly pattern: string; readonly head: number } {
  return { pattern: redis.key('stock', '{??}', '*'), head: redis.key('stock', '{00}', '').length };
}

/** The capped stream of changes: entries `sku`, `location`, perhaps `event`. Hints only: readers look at the level itself. */
export function changesKey(redis: RedisCommands): string {
  return redis.key('{stock-changes}', 'stream');
}

/** Entries kept in the stream, about: some minutes of a busy shop. */
export const STREAM_LENGTH = 20_000;

/** What of a level is stored. */
export interface KeptLevel {
  readonly onHand: number;
  readonly reserved: number;
  readonly safety?: number | undefined;
  readonly live?: boolean | undefined;
}

/**
 * A level as it is stored behind its position: `<onHand>|<reserved>`, then `|<safety>` where there is a safety stock or the level must be asked
 * live, then `|live` for the latter; `-` for one that was taken away.
 */
export function levelText(level: KeptLevel | null): string {
  if (level === null) return '-';
  const { onHand, reserved, safety = 0, live = false } = level;
  return `${onHand}|${reserved}${safety > 0 || live ? `|${safety}` : ''}${live ? '|live' : ''}`;
}

/** Of a stored level, position first; null for one that was taken away. */
export function parseLevel(location: string, stored: string): (LocationStock & { readonly live: boolean }) | null {
  const [onHandText, reservedText, safetyText, live] = stored.slice(POSITION_LENGTH).split('|');
  if (reservedText === undefined) return null;
  const [onHand, reserved, safety] = [Number(onHandText), Number(reservedText), Number(safetyText ?? 0)];
  const available = Math.max(0, onHand - reserved - safety);
  return { location, onHand, reserved, safety, available, live: live === 'live' };
}
