import { command, type RedisCall, type RedisCommands, type RedisScript } from '#infra/redis/client.ts';
import { ledgerKey } from './ledger.ts';
import { commitLsnOf, isSnapshot } from './position.ts';

/**
 * A copy: `stock`, `orders`, `rows`, `catalog.<type>` (the documents searches see). It has *passed* a change when the change took effect in
 * it, or lies with the dead letters.
 */
export type CopyName = string;

/** How far a copy has come. */
export interface Passed {
  /** An end position, 49 characters: every change at or before it was passed. */
  readonly position: string;
  /** Every change committed at the source before this moment was passed, ms since 1970 UTC; null when that is not known. */
  readonly sourceTimeMs: number | null;
}

export interface ProgressReader {
  /** null while nothing is known: before the first snapshot is through, and while the copy is built again after a loss of Redis. */
  passed(copy: CopyName): Promise<Passed | null>;
  /** Of several, in one round trip (a Redis Cluster: one a node). */
  passedAll(copies: readonly CopyName[]): Promise<ReadonlyMap<CopyName, Passed | null>>;
}

/** `groupPrefix`: of the consumers that keep the copies. */
export function progressReader(redis: RedisCommands, groupPrefix: string): ProgressReader {
  const passedAll = async (copies: readonly CopyName[]): Promise<ReadonlyMap<CopyName, Passed | null>> => {
    const answers = await redis.sendAll(copies.flatMap((copy) => passedCalls(redis, groupPrefix, copy)));
    return new Map(copies.map((copy, i) => [copy, passedOf(answers.slice(i * CALLS, i * CALLS + CALLS))]));
  };
  return { passedAll, passed: async (copy) => (await passedAll([copy])).get(copy)! };
}

/** How many calls tell what a copy has passed. */
export const CALLS = 2;

/** The calls that tell what a copy has passed, for whoever puts them into a round trip of its own; see {@link passedOf}. */
export function passedCalls(redis: RedisCommands, groupPrefix: string, copy: CopyName): RedisCall[] {
  return [
    command('HMGET', claimKey(redis, copy), 'position', 'time', 'store'),
    command('HGETALL', ledgerKey(redis, storeGroup(groupPrefix, copy))),
  ];
}

/** What the answers to {@link passedCalls} say. A claim made for another life of the store, or while it is being built again, is none. */
export function passedOf(answers: readonly unknown[]): Passed | null {
  const [position, time, store] = answers[0] as (string | null)[];
  const { id, rebuilding } = ledgerFacts(answers[1] as readonly string[]);
  if (!position || id === null || store !== id || rebuilding) return null;
  return { position, sourceTimeMs: time ? Number(time) : null };
}

/**
 * Whether a copy that has come so far shows the change at `position` and everything else its transaction did. A snapshot row stands where it was
 * read, which is never before its change, so its own place is enough.
 */
export function hasPassed(passed: Passed | null, position: string): boolean {
  if (passed === null) return false;
  return passed.position >= (isSnapshot(position) ? position : endOfCommit(position));
}

/** After every change of the position's transaction. */
export function endOfCommit(position: string): string {
  return `${commitLsnOf(position)}7fffffff${'f'.repeat(20)}9`;
}

/** The group whose ledger says which life of the store a copy belongs to. Documents are made from the row store. */
export function storeGroup(groupPrefix: string, copy: CopyName): string {
  return `${groupPrefix}.${copy.startsWith('catalog.') ? 'rows' : copy}`;
}

/** Hash: position, time, store (the ledger's id), index (of documents). */
export function claimKey(redis: RedisCommands, copy: CopyName): string {
  return redis.key('{progress}', copy);
}

/** What a ledger says as a whole. `fields`: name, value, name, value, … as HGETALL answers. */
export function ledgerFacts(fields: readonly string[]): {
  readonly id: string | null;
  readonly rebuilding: boolean;
  /** `<topic>/<partition>` → next offset the store has taken. */
  readonly taken: ReadonlyMap<string, bigint>;
} {
  let id: string | null = null;
  let rebuilding = false;
  const taken = new Map<string, bigint>();
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!;
    if (name === 'id') id = fields[i + 1]!;
    else if (name.endsWith('/until') || name.endsWith('/unsure')) rebuilding = true;
    else if (PLACE.test(name)) taken.set(name, BigInt(fields[i + 1]!));
  }
  return { id, rebuilding, taken };
}

const PLACE = /\/\d+$/u;

/**
 * KEYS[1] a claim. ARGV: position, time (or empty), store, index (or empty). Claims only ever grow while store and index are the same;
 * another store or index begins again.
 */
export const CLAIM: RedisScript = {
  name: 'ClaimPassed',
  keys: 1,
  lua: `
local cur = redis.call('HMGET', KEYS[1], 'position', 'time', 'store', 'index')
local same = cur[3] == ARGV[3] and cur[4] == ARGV[4]
if not (same and cur[1] and cur[1] >= ARGV[1]) then redis.call('HSET', KEYS[1], 'position', ARGV[1]) end
if not (same and cur[2] and cur[2] ~= '' and (ARGV[2] == '' or tonumber(cur[2]) >= tonumber(ARGV[2]))) then
  redis.call('HSET', KEYS[1], 'time', ARGV[2])
end
redis.call('HSET', KEYS[1], 'store', ARGV[3], 'index', ARGV[4])
return 1`,
};
