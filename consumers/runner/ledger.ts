import { randomUUID } from 'node:crypto';
import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import { COPY_LAYOUT } from './layout.ts';

/**
 * Which records a store has taken, kept in the store itself: what loses writes loses their entry with them. One hash per group: `id` names
 * the store as long as it lost nothing, `<topic>/<partition>` is the next offset, `<topic>/<partition>/until` the offset up to which
 * a partition is handled again after a loss, `run` the server process whose data was looked at last, `<topic>/<partition>/unsure` a
 * partition whose owner has not looked since, `plan` what else every writer must know (see rows/linkPlan.ts).
 */

/** One partition of a group. */
export interface LedgerPlace {
  readonly topic: string;
  readonly partition: number;
}

/** A partition with what is known of it outside the store. */
export interface KnownPlace extends LedgerPlace {
  /** First offset there is. */
  readonly begin: bigint;
  /** An entry that was beyond the end of the topic when that was looked up afterwards: of an older topic of the same name. */
  readonly outdated: bigint | null;
  /** Next offset the group, or this process, believes to be handled; 0 for nothing. */
  readonly believed: bigint;
  /**
   * How far a store that has nothing of it must come before it counts as whole: the end, once the group has read any; 0 before. Not what was
   * committed: a store that is lost while it is being filled again finds the group moved back.
   */
  readonly goal: bigint;
}

/** `complete`: the store holds all that was ever handled. `rebuilding`: it lost some, which is being handled again. `absent`: it was never begun, or is lost altogether. */
export type CopyState = 'complete' | 'rebuilding' | 'absent';

const field = ({ topic, partition }: LedgerPlace): string => `${topic}/${partition}`;

/**
 * A store is known by its `id` and by the server process that holds it: a restarted or failed-over server may have lost the writes of a
 * batch that is being handled, and nothing but that. Source of run_id: redis.io, INFO, section server.
 */
const STORE_ID = `
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or ''
local function storeId(id) return id .. '/' .. run end`;

/**
 * KEYS[1] ledger. ARGV: an id for a store that has none, then six per partition: field, first offset, believed offset, an entry
 * that counts as none (empty: no such), goal where there is no entry, 1 when the caller owns it. Gives every partition an entry, and a goal
 * where the store has less than was believed. In a server process that was not looked at before, only its owner knows what a partition should have: until it has looked, too,
 * the partition is unsure. Answers the id and the entries.
 */
export const OPEN_LEDGER: RedisScript = {
  name: 'OpenLedger',
  keys: 1,
  lua: `${STORE_ID}
local id = redis.call('HGET', KEYS[1], 'id')
if not id then id = ARGV[1]; redis.call('HSET', KEYS[1], 'id', id) end
local isNew = redis.call('HGET', KEYS[1], 'run') ~= run
if isNew then redis.call('HSET', KEYS[1], 'run', run) end
local answer = {storeId(id)}
for i = 2, #ARGV, 6 do
  local entry, least = redis.call('HGET', KEYS[1], ARGV[i]), ARGV[i+2]
  if not entry or entry == ARGV[i+3] then
    entry, least = ARGV[i+1], ARGV[i+4]
    redis.call('HSET', KEYS[1], ARGV[i], entry)
    redis.call('HDEL', KEYS[1], ARGV[i] .. '/until')
  end
  if tonumber(entry) < tonumber(least) then
    local goal = redis.call('HGET', KEYS[1], ARGV[i] .. '/until')
    if not goal or tonumber(goal) < tonumber(least) then redis.call('HSET', KEYS[1], ARGV[i] .. '/until', least) end
  end
  if ARGV[i+5] == '1' then redis.call('HDEL', KEYS[1], ARGV[i] .. '/unsure')
  elseif isNew then redis.call('HSET', KEYS[1], ARGV[i] .. '/unsure', run) end
  answer[#answer + 1] = entry
end
return answer`,
};

/**
 * KEYS[1] ledger. ARGV: id, field, first and next offset of what was handled, plan it was handled by (empty: none). Answers `ok`, `lost` when
 * the store is not what it was when the records were handled, or `plan` when they must be handled again by a newer plan.
 */
export const PASS_LEDGER: RedisScript = {
  name: 'PassLedger',
  keys: 1,
  lua: `${STORE_ID}
local got = redis.call('HMGET', KEYS[1], 'id', ARGV[2], 'plan')
if not got[1] or storeId(got[1]) ~= ARGV[1] or not got[2] or tonumber(got[2]) < tonumber(ARGV[3]) then return 'lost' end
if ARGV[5] ~= '' and got[3] ~= ARGV[5] then return 'plan' end
if tonumber(got[2]) < tonumber(ARGV[4]) then redis.call('HSET', KEYS[1], ARGV[2], ARGV[4]) end
return 'ok'`,
};

/** KEYS[1] ledger. ARGV: the store that is given up, a new id. Whoever handled records under the old one handles them again. */
export const RENEW_LEDGER: RedisScript = {
  name: 'RenewLedger',
  keys: 1,
  lua: `${STORE_ID}
local id = redis.call('HGET', KEYS[1], 'id')
if id and storeId(id) == ARGV[1] then redis.call('HSET', KEYS[1], 'id', ARGV[2]) end`,
};

/** KEYS[1] ledger. ARGV, two per partition: field, offset. Raises the entries of a store that was begun. */
export const SKIP_LEDGER: RedisScript = {
  name: 'SkipLedger',
  keys: 1,
  lua: `
if redis.call('HEXISTS', KEYS[1], 'id') == 0 then return end
for i = 1, #ARGV, 2 do
  local entry = redis.call('HGET', KEYS[1], ARGV[i])
  if entry and tonumber(entry) < tonumber(ARGV[i+1]) then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i+1]) end
end`,
};

/** KEYS[1] ledger. ARGV: fields, perhaps none. Answers the store (empty: never begun) and the fields' values. */
export const LOOK_LEDGER: RedisScript = {
  name: 'LookLedger',
  keys: 1,
  lua: `${STORE_ID}
local id = redis.call('HGET', KEYS[1], 'id')
local answer = #ARGV > 0 and redis.call('HMGET', KEYS[1], unpack(ARGV)) or {}
table.insert(answer, 1, id and storeId(id) or '')
return answer`,
};

/**
 * KEYS[1] ledger. Answers the state, and the store it is the state of (empty: never begun). What a server process holds that nobody has looked
 * at may be older than what was handled.
 */
export const COPY_STATE: RedisScript = {
  name: 'CopyState',
  keys: 1,
  lua: `${STORE_ID}
local flat = redis.call('HGETALL', KEYS[1])
local id, state = nil, 'complete'
for i = 1, #flat, 2 do
  local name, value = flat[i], flat[i + 1]
  if name == 'id' then id = value end
  if (name == 'run' and value ~= run) or string.find(name, '/until$') or string.find(name, '/unsure$') then state = 'rebuilding' end
end
if not id then return {'absent', ''} end
return {state, storeId(id)}`,
};

export class CopyLedger {
  readonly #redis: RedisCommands;
  readonly #key: string;

  constructor(redis: RedisCommands, groupId: string) {
    this.#redis = redis;
    this.#key = ledgerKey(redis, groupId);
  }

  /**
   * Begins every partition that has no entry, and notes how far those that have less than was believed must be handled again. `own`: those the
   * caller answers for.
   */
  async open(
    places: readonly KnownPlace[],
    own: readonly LedgerPlace[],
  ): Promise<{ readonly storeId: string; readonly next: ReadonlyMap<string, bigint> }> {
    const owned = new Set(own.map(field));
    const args = places.flatMap((place) => [
      field(place),
      String(place.begin),
      String(place.believed),
      String(place.outdated ?? ''),
      String(place.goal > place.believed ? place.goal : place.believed),
      owned.has(field(place)) ? '1' : '',
    ]);
    const [storeId, ...entries] = (await this.#redis.send(
      script(OPEN_LEDGER, this.#key, randomUUID(), ...args),
    )) as string[];
    return { storeId: storeId!, next: new Map(places.map((place, i) => [field(place), BigInt(entries[i]!)])) };
  }

  /** What the store says now; null where it has nothing. One small round trip. */
  async look(places: readonly LedgerPlace[]): Promise<{
    readonly storeId: string | null;
    readonly next: ReadonlyMap<string, bigint | null>;
    readonly until: ReadonlyMap<string, bigint>;
  }> {
    const names = places.map(field);
    const goals = names.map((name) => `${name}/until`);
    const [storeId, ...found] = (await this.#redis.send(script(LOOK_LEDGER, this.#key, ...names, ...goals))) as (
      | string
      | null
    )[];
    const next = new Map(names.map((name, i) => [name, found[i] == null ? null : BigInt(found[i])]));
    const until = new Map(
      names.flatMap((name, i): [string, bigint][] => {
        const goal = found[names.length + i];
        return goal == null ? [] : [[name, BigInt(goal)]];
      }),
    );
    return { storeId: storeId === '' ? null : (storeId ?? null), next, until };
  }

  /** Notes that `from` up to `next` was handled while the store was `storeId`. */
  async pass(
    place: LedgerPlace & { readonly storeId: string; readonly next: bigint },
    next: bigint,
    plan: string,
  ): Promise<'ok' | 'lost' | 'plan'> {
    const args = [place.storeId, field(place), String(place.next), String(next), plan];
    return (await this.#redis.send(script(PASS_LEDGER, this.#key, ...args))) as 'ok' | 'lost' | 'plan';
  }

  async renew(storeId: string): Promise<void> {
    await this.#redis.send(script(RENEW_LEDGER, this.#key, storeId, randomUUID()));
  }

  /** The partitions were handled as far as they had been before the loss. */
  async reached(places: readonly LedgerPlace[]): Promise<void> {
    if (places.length > 0)
      await this.#redis.send(command('HDEL', this.#key, ...places.map((place) => `${field(place)}/until`)));
  }

  /** For an operator who skips records: a store that was begun counts as having taken everything before these offsets. */
  async skipTo(entries: readonly (LedgerPlace & { readonly next: bigint })[]): Promise<void> {
    const args = entries.flatMap((entry) => [field(entry), String(entry.next)]);
    await this.#redis.send(script(SKIP_LEDGER, this.#key, ...args));
  }
}

/** Key of a group's ledger. */
export function ledgerKey(redis: RedisCommands, groupId: string): string {
  return redis.key('{ledger}', COPY_LAYOUT, groupId);
}

/** How whole the copy of a group is, and of which store: two equal ids of a complete copy mean that nothing was lost in between. */
export async function copyState(
  redis: RedisCommands,
  groupId: string,
): Promise<{ readonly state: CopyState; readonly storeId: string | null }> {
  const [state, storeId] = (await redis.send(script(COPY_STATE, ledgerKey(redis, groupId)))) as [CopyState, string];
  return { state, storeId: storeId === '' ? null : storeId };
}
