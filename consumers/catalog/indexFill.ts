import { randomUUID } from 'node:crypto';
import type { MarkBatch } from '#consumers/rows/marks.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { command, type RedisCommands, type RedisScript, script } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { BulkWriter } from './bulk.ts';
import type { CatalogWriter } from './catalogHandler.ts';
import { buildInPieces, type WholeRows } from './documentItems.ts';
import type { Elastic } from './elastic.ts';
import { markLeftOver } from './leftOver.ts';
import { filledAtOf, type IndexInfo, type IndexMemory, remember, writeAlias } from './searchIndex.ts';
import type { VersionSource } from './versions.ts';

export interface FillOptions {
  readonly index: IndexInfo;
  readonly plan: DocumentPlan;
  readonly store: RowStore;
  readonly versions: VersionSource;
  readonly whole?: WholeRows;
  readonly redis: RedisCommands;
  readonly elastic: Elastic;
  /** Documents that cannot be built are marked: the group then meets them and puts them aside with their reason. */
  readonly marks: MarkBatch;
  readonly pageDocuments: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** Told of documents that are written but not searchable yet. */
  readonly onWritten: CatalogWriter['onWritten'];
  readonly onProgress?: (progress: FillProgress) => void;
}

export interface FillProgress {
  /** Root rows built so far by this process, and to be built in all. */
  readonly done: number;
  readonly total: number;
  readonly ratePerSecond: number;
  readonly etaSeconds: number;
}

/** One process fills an index; the lock of one that died is free again after this. */
const LOCK_MS = 15_000;
const AWAIT_OTHER_MS = 500;

const KEEP_LOCK: RedisScript = {
  name: 'KeepFillLock',
  keys: 1,
  lua: `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1`,
};

/**
 * Builds every root row of the row store into an index once. Changes that happen meanwhile come as marks to the group of the index, as always;
 * a version is taken before each page is read, so neither can undo the other. A fill that was broken off goes on where it was; several
 * processes may call this for one index: one fills, the others wait. Resolves when the index is filled.
 */
export async function fillIndex(options: FillOptions, signal: AbortSignal): Promise<void> {
  const { redis, elastic, index, clock } = options;
  const lock = redis.key('{fill}', index.index, index.uuid);
  const token = randomUUID();
  for (;;) {
    signal.throwIfAborted();
    if ((await redis.send(command('SET', lock, token, 'NX', 'PX', LOCK_MS))) === 'OK') {
      try {
        await fill(options, { lock, token }, signal);
      } finally {
        // Only a lock that is still ours; the next one need not wait for its end.
        await redis.send(script(KEEP_LOCK, lock, token, '1')).catch(() => undefined);
      }
      return;
    }
    await clock.sleep(AWAIT_OTHER_MS, signal);
    if (await isFilled(elastic, index)) return;
  }
}

async function isFilled(elastic: Elastic, { index, uuid }: IndexInfo): Promise<boolean> {
  const answer = await elastic.request<Record<string, { mappings: { _meta?: { sluice?: Partial<IndexMemory> } } }>>(
    'GET',
    `/${index}/_mapping`,
  );
  return filledAtOf(answer[index]?.mappings._meta?.sluice ?? {}, uuid) !== null;
}

async function fill(
  options: FillOptions,
  { lock, token }: { readonly lock: string; readonly token: string },
  signal: AbortSignal,
): Promise<void> {
  const { redis, store, plan, index, elastic, clock, log, marks } = options;
  if (await isFilled(elastic, index)) return;
  const cursorKey = fillKey(redis, index);
  const { fromBucket, first } = await startFill(options, cursorKey);
  const { root, type } = plan.definition;
  const bulk = new BulkWriter({ elastic, alias: () => writeAlias(index.index), clock });
  const progress = progressOf(await store.count(root), clock);
  const { whole = (work) => work() } = options;
  let reached = fromBucket;
  const onPage = async (keys: readonly string[], bucket: number): Promise<void> => {
    signal.throwIfAborted();
    if (bucket !== reached) {
      // Whoever goes on from here does not meet what could not be built before.
      await marks.flush();
      await redis.send(command('HSET', cursorKey, 'bucket', bucket));
    }
    reached = bucket;
    if ((await redis.send(script(KEEP_LOCK, lock, token, LOCK_MS))) !== 1) throw new LockLost();
    for (let start = 0; start < keys.length; start += options.pageDocuments)
      await buildPage(options, bulk, keys.slice(start, start + options.pageDocuments), signal);
    options.onProgress?.(progress(keys.length));
  };
  // A store that was emptied has no page to be stopped at: the scan itself must have seen all there is.
  await whole(() => store.scan(root, onPage, fromBucket)).catch((error: unknown) => {
    if (!(error instanceof LockLost)) throw error;
  });
  const left = await markLeftOver(elastic, index.index, first, type, marks);
  await marks.flush();
  if ((await redis.send(script(KEEP_LOCK, lock, token, LOCK_MS))) !== 1) return fillIndex(options, signal);
  await remember(elastic, index, { filledAt: new Date(clock.now()).toISOString() });
  await redis.send(command('DEL', cursorKey));
  log.info({ event: 'search_index_filled', type, index: index.index, rows: progress(0).done, left });
}

/** Where a fill keeps how far it is. An index that is made anew under the same name is another one. */
function fillKey(redis: RedisCommands, { index, uuid }: IndexInfo): string {
  return redis.key('{fill}', index, uuid, 'cursor');
}

/** The next fill of the index begins at its beginning. */
export async function forgetFill(redis: RedisCommands, index: IndexInfo): Promise<void> {
  await redis.send(command('DEL', fillKey(redis, index)));
}

/** Bucket to go on at, and a version below every one this fill writes. */
async function startFill(
  { redis, versions }: FillOptions,
  cursorKey: string,
): Promise<{ readonly fromBucket: number; readonly first: number }> {
  const [bucket, known] = (await redis.send(command('HMGET', cursorKey, 'bucket', 'first'))) as (string | null)[];
  if (known != null) return { fromBucket: Number(bucket ?? 0), first: Number(known) };
  const first = await versions.next();
  await redis.send(command('HSET', cursorKey, 'bucket', 0, 'first', first));
  return { fromBucket: 0, first };
}

/** This process was away so long that another one fills now. */
class LockLost extends Error {}

async function buildPage(
  options: FillOptions,
  bulk: BulkWriter,
  rootKeys: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { plan, marks } = options;
  const documents = rootKeys.map((rootKey) => ({ rootKey, sourceTsMs: null }));
  for await (const built of buildInPieces(options, documents)) {
    const outcome = await bulk.write(built.items, signal);
    options.onWritten([], outcome.written, outcome.superseded);
    for (const { tag } of [...built.failed, ...outcome.refused])
      await marks.add(plan.definition.type, tag.rootKey, null, 'wide');
  }
}

function progressOf(total: number, clock: Clock): (more: number) => FillProgress {
  const startedMs = clock.now();
  let done = 0;
  return (more) => {
    done += more;
    const ratePerSecond = done / Math.max(0.001, (clock.now() - startedMs) / 1000);
    return { done, total, ratePerSecond, etaSeconds: Math.max(0, total - done) / Math.max(1, ratePerSecond) };
  };
}
