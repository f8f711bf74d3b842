import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';

type Reply = string | number | null | Reply[];

/**
 * Redis as far as the consumers use it, in memory: hashes, and our scripts written a second time in TypeScript. A contract test runs both
 * side by side. Every `sendAll` passes `gate` before each call, so that a test decides who comes first.
 */
export class MemoryRedis {
  readonly hashes = new Map<string, Map<string, string>>();
  readonly strings = new Map<string, string>();
  /** Microseconds; stands still unless a test moves it. */
  nowMicros = 1_000;

  /** A connection of its own; `gate` may wait, or throw to play a broken connection. */
  connection(gate: (call: RedisCall) => Promise<void> = async () => undefined): RedisCommands {
    const sendAll = async (calls: readonly RedisCall[]): Promise<unknown[]> => {
      const replies: Reply[] = [];
      for (const call of calls) {
        await gate(call);
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

  run({ name, args }: RedisCall): Reply {
    const [key, ...rest] = args.map(String) as [string, ...string[]];
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

const POSITION = 49;

function split(stored: string): { position: string; links: string; earlier: string; text: string; flag: string } {
  const a = stored.indexOf('\n');
  const b = stored.indexOf('\n', a + 1);
  return {
    position: stored.slice(0, POSITION),
    flag: stored.charAt(POSITION),
    links: stored.slice(POSITION + 1, a),
    earlier: stored.slice(a + 1, b),
    text: stored.slice(b + 1),
  };
}

const listOf = (text: string): string[] => text.split('\t').filter((link) => link !== '');

function writeRow(hash: Map<string, string>, args: readonly string[]): [string, string] {
  const [id, position, flag, links, text, entered, base] = args as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const stored = hash.get(id);
  const current = stored === undefined ? { position: '', links: '', earlier: '' } : split(stored);
  if (stored !== undefined && position < current.position) return ['stale', current.earlier];
  if (stored !== undefined && position === current.position && links === current.links)
    return ['same', current.earlier];
  if (base !== '*' && base !== current.position) return ['moved', current.earlier];
  let { earlier } = current;
  if (links !== current.links) {
    if (entered !== '1') return ['links', earlier];
    const kept = new Set([...listOf(earlier), ...listOf(current.links)]);
    for (const link of listOf(links)) kept.delete(link);
    earlier = [...kept].join('\t');
  }
  hash.set(id, `${position}${flag}${links}\n${earlier}\n${text}`);
  return ['ok', earlier];
}

const inGroups = <T>(args: readonly T[], size: number): T[][] =>
  Array.from({ length: args.length / size }, (_, i) => args.slice(i * size, (i + 1) * size));

const HANDLERS: Readonly<Record<string, Handler>> = {
  HMGET: (redis, key, fields) => fields.map((field) => redis.hash(key).get(field) ?? null),
  HGETALL: (redis, key) => [...redis.hash(key)].flat(),
  HSCAN: (redis, key) => ['0', [...redis.hash(key)].flat()],
  XADD: () => '1-1',
  WriteRows: (redis, key, args) => inGroups(args, 7).flatMap((row) => writeRow(redis.hash(key), row)),
  SettleRows: (redis, key, args) => {
    for (const [id, position] of inGroups(args, 2) as [string, string][]) {
      const stored = redis.hash(key).get(id);
      if (stored?.slice(0, POSITION) !== position) continue;
      const { flag, links, text } = split(stored);
      redis.hash(key).set(id, `${position}${flag}${links}\n\n${text}`);
    }
    return null;
  },
  EnterLink: (redis, key, args) => {
    for (const [id, position] of inGroups(args, 2) as [string, string][])
      if ((redis.hash(key).get(id) ?? '') < position) redis.hash(key).set(id, position);
    return null;
  },
  LeaveLink: (redis, key, args) => {
    for (const [id, position] of inGroups(args, 2) as [string, string][])
      if ((redis.hash(key).get(id) ?? '~') < position) redis.hash(key).delete(id);
    return null;
  },
  NextVersion: (redis, key, [above]) => {
    const last = redis.strings.get(key);
    const next = Math.max(redis.nowMicros, Number(last ?? 0) + 1, Number(above) + 1);
    redis.strings.set(key, String(next));
    return [String(next), last === undefined ? '0' : '1'];
  },
  WriteStock: (redis, key, args) =>
    inGroups(args, 3).map(([location, position, level]) => {
      const stored = redis.hash(key).get(location!);
      let status = 'changed';
      if (stored === undefined) status = level === '-' ? 'kept' : 'changed';
      else if (position! < stored.slice(0, POSITION)) status = 'stale';
      else if (position === stored.slice(0, POSITION)) status = 'same';
      else if (stored.slice(POSITION) === level) status = 'kept';
      if (status === 'changed' || status === 'kept') redis.hash(key).set(location!, `${position}${level}`);
      return status;
    }),
};
