import { type MarkBatch, MarkSender } from '#consumers/rows/marks.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { groupLag } from '#consumers/runner/lag.ts';
import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CatalogWriter } from './catalogHandler.ts';
import type { WholeRows } from './documentItems.ts';
import type { Elastic } from './elastic.ts';
import { checkIndex, type IndexCheck } from './indexCheck.ts';
import { type FillProgress, fillIndex } from './indexFill.ts';
import { swapIndex } from './indexSwap.ts';
import type { LaneGroup } from './lanes.ts';
import { aliasName, type IndexInfo } from './searchIndex.ts';
import type { VersionSource } from './versions.ts';

export interface BuildOptions {
  readonly kafka: KafkaClient;
  readonly redis: RedisCommands;
  readonly elastic: Elastic;
  readonly store: RowStore;
  readonly plan: DocumentPlan;
  readonly versions: VersionSource;
  readonly whole?: WholeRows;
  /** Resolves when the row store has what the document type needs; throws (retriable) while it has not. */
  readonly rowsReady?: (signal: AbortSignal) => Promise<void>;
  readonly indexPrefix: string;
  readonly groupPrefix: string;
  readonly lanes: readonly LaneGroup[];
  readonly pageDocuments: number;
  readonly onWritten: CatalogWriter['onWritten'];
  readonly log: Logger;
  readonly clock: Clock;
}

/** Where the building of an index stands. */
export type BuildState =
  | { readonly state: 'filling'; readonly progress: FillProgress | null }
  | { readonly state: 'catching up' | 'checking' | 'ready' | 'live' }
  | { readonly state: 'differs'; readonly differences: number; readonly differing: readonly string[] };

/** Marks a group may be behind when its index is compared: the comparison waits for those itself. */
const NEARLY_DONE = 1000;
const LOOK_MS = 500;
const CHECK_AGAIN_MS = 30_000;

/**
 * A new index need not read old marks: filling it reads every row after this call. A group that has read before goes on where it was.
 */
export async function startGroupAtEnd(
  kafka: KafkaClient,
  { groupId, topic }: LaneGroup,
  index: IndexInfo,
): Promise<void> {
  if (index.filledAt !== null) return;
  const committed = (await kafka.committedOffsets(groupId, [topic])).get(topic);
  if (committed !== undefined && committed.size > 0) return;
  const ranges = await kafka.topicOffsets(topic);
  const ends: PartitionOffsets = new Map([...ranges].map(([partition, { end }]) => [partition, end]));
  if (![...ends.values()].some((end) => end > 0n)) return;
  try {
    await kafka.commitOffsets(groupId, new Map([[topic, ends]]));
  } catch (error) {
    // Another process was faster and reads already: its group cannot be moved, and reading older marks too does no harm.
    if ((await kafka.groupMembers(groupId)) === 0) throw error;
  }
}

/** Fills the index beside its running group, and checks it when searches do not use it yet. Resolves with the check; null for a live index. */
export async function buildIndex(
  options: BuildOptions,
  index: IndexInfo,
  onState: (state: BuildState) => void,
  signal: AbortSignal,
): Promise<IndexCheck | null> {
  const { kafka, clock, lanes } = options;
  if (index.filledAt === null) {
    onState({ state: 'filling', progress: null });
    if (!index.live) await options.rowsReady?.(signal);
    const sender = new MarkSender(kafka, options.groupPrefix);
    try {
      const marks: MarkBatch = sender.batch(signal);
      const onProgress = (progress: FillProgress): void => onState({ state: 'filling', progress });
      await fillIndex({ ...options, index, marks, onProgress }, signal);
    } finally {
      await sender.close();
    }
  }
  if (index.live) {
    onState({ state: 'live' });
    return null;
  }
  onState({ state: 'catching up' });
  for (const { groupId, topic } of lanes)
    while ((await groupLag(kafka, groupId, [topic])) > NEARLY_DONE) await clock.sleep(LOOK_MS, signal);
  onState({ state: 'checking' });
  const check = await checkIndex({ ...options, index: index.index }, signal);
  if (check.differences === 0) onState({ state: 'ready' });
  else onState({ state: 'differs', differences: check.differences, differing: check.differing });
  return check;
}

/** Builds, and sends searches to the index when it equals the rows; looks again from time to time when it does not. */
export async function buildAndSwap(
  options: BuildOptions,
  index: IndexInfo,
  onState: (state: BuildState) => void,
  signal: AbortSignal,
): Promise<void> {
  const { elastic, indexPrefix, log, clock, plan } = options;
  const { type } = plan.definition;
  let info = index;
  for (;;) {
    const check = await buildIndex(options, info, onState, signal);
    if (check === null) return;
    if (check.differences === 0) break;
    log.error({ event: 'search_index_differs', type, index: index.index, differences: check.differences });
    info = { ...index, filledAt: 'before' };
    await clock.sleep(CHECK_AGAIN_MS, signal);
  }
  await elastic.request('POST', `/${index.index}/_refresh`);
  const { from } = await swapIndex(elastic, indexPrefix, type, index.index, clock.now());
  onState({ state: 'live' });
  log.info({
    event: 'search_index_swapped',
    alias: aliasName(indexPrefix, type),
    from: from.join(','),
    to: index.index,
  });
}
