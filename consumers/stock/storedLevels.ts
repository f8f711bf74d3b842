import { LOWER_POSITION } from '#consumers/runner/lowerPosition.ts';
import { POSITION_LENGTH } from '#consumers/runner/position.ts';
import { command, type RedisClient, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { levelText, skuKey, skuPattern } from './stockKeys.ts';

/** A place a level is kept for. */
export interface StockPlace {
  readonly sku: string;
  readonly location: string;
}

/** A level as it is stored, one that was taken away too. */
export interface StoredLevel extends StockPlace {
  readonly position: string;
  /** As `levelText` wrote it. */
  readonly text: string;
}

/** KEYS[1] one sku; ARGV: location, position, text of a level that was taken away. */
const REMOVE_LEVEL: RedisScript = {
  name: 'RemoveLevel',
  keys: 1,
  lua: `
local cur = redis.call('HGET', KEYS[1], ARGV[1])
if cur and string.sub(cur, 1, 49) < ARGV[2] then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ARGV[3]) end`,
};

/** The stored levels of these places, in one round trip; undefined for a place that was never stocked. */
export async function readLevels(
  redis: RedisCommands,
  places: readonly StockPlace[],
): Promise<(StoredLevel | undefined)[]> {
  const texts = await redis.sendAll(places.map(({ sku, location }) => command('HGET', skuKey(redis, sku), location)));
  return places.map((place, i) => (texts[i] === null ? undefined : toStored(place, texts[i] as string)));
}

/** Every stored level by pages, in no order; one that changes meanwhile is given once or twice. */
export async function* scanLevels(redis: RedisClient): AsyncGenerator<readonly StoredLevel[]> {
  const { pattern, head } = skuPattern(redis);
  for await (const keys of redis.scan(pattern)) {
    const hashes = (await redis.sendAll(keys.map((key) => command('HGETALL', key)))) as string[][];
    yield hashes.flatMap((fields, i) => levelsOf(keys[i]!.slice(head), fields));
  }
}

/** Sets a level's position below every real one, if it is still this one: whatever is written next is taken. */
export async function lowerLevel(redis: RedisCommands, { sku, location, position }: StoredLevel): Promise<boolean> {
  return (await redis.send(script(LOWER_POSITION, skuKey(redis, sku), location, position))) === 1;
}

/** Takes a level away at this position, unless a newer one is stored: as a delete at that position would. */
export async function removeLevel(
  redis: RedisCommands,
  { sku, location }: StockPlace,
  position: string,
): Promise<void> {
  await redis.send(script(REMOVE_LEVEL, skuKey(redis, sku), location, position, levelText(null)));
}

/** `fields`: location, text, location, text, … as HGETALL answers. */
function levelsOf(sku: string, fields: readonly string[]): StoredLevel[] {
  const levels: StoredLevel[] = [];
  for (let i = 0; i < fields.length; i += 2) levels.push(toStored({ sku, location: fields[i]! }, fields[i + 1]!));
  return levels;
}

function toStored({ sku, location }: StockPlace, stored: string): StoredLevel {
  return { sku, location, position: stored.slice(0, POSITION_LENGTH), text: stored.slice(POSITION_LENGTH) };
}
