import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';
import { LEDGER_HANDLERS } from './memoryLedger.ts';
import { inGroups, ROW_HANDLERS } from './memoryRows.ts';

type Reply = string | number | null | Reply[];

/**
 * Redis as far as the consumers use it, in memory: hashes, and our scripts written a second time in TypeScript. A contract test runs both
 * side by side. Every `sendAll` passes `gate` before each call, so that a test decides who comes first.
 */
export class MemoryRedis {
  readonly hashes = new Map<string, Map<string, string>>();
  readonly strings = new Map<string, string>();
  /** When strings with a time-out go, microseconds. */
  readonly ends = new Map<string, number>();
  /** Microseconds; stands still unless a test moves it. */
  nowMicros = 1_000;
  /** The server process; a test that changes it plays a restart. */
  runId = 'first';

  /** A connection of its own; `gate` may wait, or throw to play a broken connection. */
  connection(gate: (call: RedisCall) => Promise<void> = async () => undefined): RedisCommands {
    const sendAll = async (calls: readonly RedisCall[]): Promise<unknown[]> => {
      const replies: Reply[] = [];
      for (const call of calls) {
        // Most buckets of so small a store are empty: looking into them is no step of its own.
        if (!LOOKS.has(call.name) || this.hash(String(call.args[0])).size > 0) await gate(call);
        replies.push(this.run(call));
      }
      return replies;
    };
    return {
      key: (...parts) => parts.join(':'),
      sendAll,
      send: async (call) => (await sendAll([call]))[0],
    };
  }

  /** All that is stored, to be given back to `restore` later. */
  copy(): {
    readonly hashes: ReadonlyMap<string, ReadonlyMap<string, string>>;
    readonly strings: ReadonlyMap<string, string>;
  } {
    return {
      hashes: new Map([...this.hashes].map(([key, hash]) => [key, new Map(hash)])),
      strings: new Map(this.strings),
    };
  }

  /** The server comes back with this and nothing else. */
  restore({ hashes, strings }: ReturnType<MemoryRedis['copy']>): void {
    this.hashes.clear();
    for (const [key, hash] of hashes) this.hashes.set(key, new Map(hash));
    this.strings.clear();
    this.ends.clear();
    for (const [key, text] of strings) this.strings.set(key, text);
  }

  run({ name, args, script }: RedisCall): Reply {
    const [key, ...rest] = args.map(String) as [string, ...string[]];
    const rows = ROW_HANDLERS[name];
    if (rows !== undefined && script !== undefined) {
      const texts = args.map(String);
      const keys = script.keys as number;
      return rows((of) => this.hash(of), texts.slice(0, keys), texts.slice(keys), this.runId);
    }
    for (const [ending, at] of this.ends)
      if (at <= this.nowMicros) {
        this.strings.delete(ending);
        this.ends.delete(ending);
      }
    const run = HANDLERS[name];
    if (run === undefined) throw new Error(`memory Redis does not know ${name}`);
    return run(this, key, rest);
  }

  hash(key: string): Map<string, string> {
    const found = this.hashes.get(key) ?? new Map<string, string>();
    this.hashes.set(key, found);
    return found;
  }
}

type Handler = (redis: MemoryRedis, key: string, args: string[]) => Reply;

/** What goes through all buckets or tags. */
const LOOKS: ReadonlySet<string> = new Set(['HSCAN', 'HLEN', 'ForgetRows', 'ZRANGEBYSCORE']);
const POSITION = 49;
const LEAP_MICROS = 60_000_000;

const HANDLERS: Readonly<Record<string, Handler>> = {
  ...LEDGER_HANDLERS,
  HMGET: (redis, key, fields) => fields.map((field) => redis.hash(key).get(field) ?? null),
  HGETALL: (redis, key) => [...redis.hash(key)].flat(),
  ZCARD: (redis, key) => redis.hash(key).size,
  HLEN: (redis, key) => redis.hash(key).size,
  HGET: (redis, key, [field]) => redis.hash(key).get(field!) ?? null,
  HSET: (redis, key, pairs) => {
    for (const [field, value] of inGroups(pairs, 2)) redis.hash(key).set(field!, value!);
    return pairs.length / 2;
  },
  HKEYS: (redis, key) => [...redis.hash(key).keys()],
  GET: (redis, key) => redis.strings.get(key) ?? null,
  SET: (redis, key, [value, ...options]) => {
    if (options.includes('NX') && redis.strings.has(key)) return null;
    redis.strings.set(key, value!);
    redis.ends.delete(key);
    if (options.includes('PX')) redis.ends.set(key, redis.nowMicros + 1000 * Number(options.at(-1)));
    return 'OK';
  },
  KeepFillLock: (redis, key, [token, ms]) => {
    if (redis.strings.get(key) !== token) return 0;
    redis.ends.set(key, redis.nowMicros + 1000 * Number(ms));
    return 1;
  },
  HSCAN: (redis, key) => ['0', [...redis.hash(key)].flat()],
  ZRANGEBYSCORE: (redis, key, [, below, , passed, limit]) =>
    [...redis.hash(key)]
      .filter(([, at]) => Number(at) < Number(below!.slice(1)))
      .sort(([a, at], [b, bt]) => Number(at) - Number(bt) || (a < b ? -1 : 1))
      .slice(Number(passed), Number(passed) + Number(limit))
      .map(([member]) => member),
  /** Without alerts. */
  ForgetLevels: (redis, count, args) => {
    const keys = args.slice(0, Number(count));
    const [before, below, ...levels] = args.slice(keys.length);
    const gone = redis.hash(keys[0]!);
    let forgotten = 0;
    for (const [place, [sku, location]] of inGroups(levels, 2).entries()) {
      const at = gone.get(`${sku}\t${location}`);
      const hash = redis.hash(keys[1 + place * 2]!);
      const level = hash.get(location!);
      if (at === undefined || Number(at) >= Number(before)) continue;
      if (level?.slice(POSITION) !== '-') gone.delete(`${sku}\t${location}`);
      else if (below === '' || level.slice(0, POSITION) < below!) {
        hash.delete(location!);
        gone.delete(`${sku}\t${location}`);
        forgotten += 1;
      }
    }
    return forgotten;
  },
  XADD: () => '1-1',
  NextVersion: (redis, key, [highest]) => {
    const counter = redis.hash(key);
    let next = Math.max(redis.nowMicros, Number(counter.get('last') ?? 0) + 1);
    if (counter.get('run') !== redis.runId) {
      if (highest === '') return '';
      next = Math.max(next, Number(highest) + 1) + LEAP_MICROS;
    }
    counter.set('last', String(next)).set('run', redis.runId);
    return String(next);
  },
  AddChanges: () => 1,
  /** Without events. */
  WriteStock: (redis, count, args) => {
    const keys = args.slice(0, Number(count));
    const [skus, events, , , , nowMs, ...rest] = args.slice(keys.length);
    if (events !== '0') throw new Error('memory Redis knows no stock events');
    const answers: string[] = [];
    for (const key of keys.slice(0, Number(skus))) {
      const [sku, , ...levels] = rest.splice(0, 2 + 5 * Number(rest[1]));
      for (const [location, position, level] of inGroups(levels, 5)) {
        const stored = redis.hash(key).get(location!);
        let status = 'changed';
        if (stored === undefined) status = level === '-' ? 'kept' : 'changed';
        else if (position! < stored.slice(0, POSITION)) status = 'stale';
        else if (position === stored.slice(0, POSITION)) status = 'same';
        else if (stored.slice(POSITION) === level) status = 'kept';
        if (status === 'changed' || status === 'kept') {
          redis.hash(key).set(location!, `${position}${level}`);
          if (level === '-') redis.hash(keys.at(-1)!).set(`${sku}\t${location}`, nowMs!);
        }
        answers.push(status);
      }
    }
    return answers;
  },
};
