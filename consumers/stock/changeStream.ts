import { command, type RedisCommands } from '#infra/redis/client.ts';
import { changesKey } from './stockKeys.ts';
import type { ChangesRead, StockChange } from './stockTypes.ts';

const STREAM_ID = /^\d{1,20}-\d{1,20}$/u;

/** Where a stream begins that nothing was ever written to. */
const BEGINNING = '0-0';

export function isChangeId(text: string): boolean {
  return STREAM_ID.test(text);
}

/** Entries after `afterId`, and whether any may be missing before them. */
export async function readChanges(
  redis: RedisCommands,
  afterId: string,
  options: { readonly waitMs: number; readonly limit: number },
): Promise<ChangesRead> {
  const key = changesKey(redis);
  const block = options.waitMs > 0 ? ['BLOCK', options.waitMs] : [];
  const [read, first, last] = (await redis.sendAll([
    command('XREAD', 'COUNT', options.limit, ...block, 'STREAMS', key, afterId),
    command('XRANGE', key, '-', '+', 'COUNT', 1),
    command('XREVRANGE', key, '+', '-', 'COUNT', 1),
  ])) as [[string, Entry[]][] | null, Entry[], Entry[]];
  const changes = (read?.[0]?.[1] ?? []).map(toChange);
  return { changes, gap: isGap(afterId, first[0]?.[0], last[0]?.[0]) };
}

/** The newest entry's id. */
export async function newestId(redis: RedisCommands): Promise<string> {
  const last = (await redis.send(command('XREVRANGE', changesKey(redis), '+', '-', 'COUNT', 1))) as Entry[];
  return last[0]?.[0] ?? BEGINNING;
}

/**
 * True when entries after `afterId` may be gone: the stream was cut behind it, or is not the one the id comes from (then it is empty, or ends
 * before the id).
 */
function isGap(afterId: string, first: string | undefined, last: string | undefined): boolean {
  if (afterId === BEGINNING) return false;
  if (first === undefined || last === undefined) return true;
  return compareIds(afterId, first) < 0 || compareIds(afterId, last) > 0;
}

/** Negative when `a` comes first. */
function compareIds(a: string, b: string): number {
  const [aMs, aSeq] = a.split('-').map(BigInt) as [bigint, bigint];
  const [bMs, bSeq] = b.split('-').map(BigInt) as [bigint, bigint];
  if (aMs !== bMs) return aMs < bMs ? -1 : 1;
  return aSeq < bSeq ? -1 : aSeq > bSeq ? 1 : 0;
}

type Entry = [id: string, fields: string[]];

function toChange([id, fields]: Entry): StockChange {
  const event = fields[4] === 'event' ? (JSON.parse(fields[5]!) as StockChange['event']) : null;
  return { id, sku: fields[1]!, location: fields[3]!, event };
}
