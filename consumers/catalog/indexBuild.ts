import { type MarkBatch, MarkSender } from '#consumers/rows/marks.ts';
import type { DocumentPlan } from '#consumers/rows/relations.ts';
import type { RowStore } from '#consumers/rows/rowStore.ts';
import { untilPassed } from '#consumers/runner/lag.ts';
import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CatalogWriter } from './catalogHandler.ts';
import type { WholeRows } from './documentItems.ts';
import { type Elastic, refusedStatus } from './elastic.ts';
import { checkIndex, type IndexCheck } from './indexCheck.ts';
import { type FillProgress, fillIndex } from './indexFill.ts';
import { takeOver } from './indexSwap.ts';
import { catalogLanes, type LaneGroup } from './lanes.ts';
import { aliasName, type IndexInfo, listIndexes } from './searchIndex.ts';
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
  /** Topics of the tables the rows group reads. */
  readonly rowsTopics: readonly string[];
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

const CHECK_AGAIN_MS = 30_000;
const SWAP_AGAIN_MS = 2000;

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
  const { kafka } = options;
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
  await untilCaughtUp(options, signal);
  onState({ state: 'checking' });
  const check = await checkIndex({ ...options, index: index.index }, signal);
  if (check.differences === 0) onState({ state: 'ready' });
  else onState({ state: 'differs', differences: check.differences, differing: check.differing });
  return check;
}

async function untilCaughtUp({ kafka, lanes, clock }: BuildOptions, signal: AbortSignal): Promise<void> {
  for (const { groupId, topic } of lanes) await untilPassed(kafka, groupId, [topic], clock, signal);
}

/**
 * Whether searches may go to an index without being told to: to a newer version than theirs (`newer`), and to an older one only when nobody keeps
 * theirs up to date. Else a process with the old configuration that starts again in a rolling update would take them back.
 */
export type MayTakeSearches = 'newer' | 'any';

async function mayTakeSearches(options: BuildOptions, which: MayTakeSearches, version: number): Promise<boolean> {
  const { kafka, elastic, indexPrefix, groupPrefix, plan } = options;
  const { type } = plan.definition;
  if (which === 'any') return true;
  const newer = (await listIndexes(elastic, indexPrefix, type)).filter((info) => info.live && info.version > version);
  for (const info of newer)
    for (const { groupId } of catalogLanes(groupPrefix, info))
      if ((await kafka.groupMembers(groupId)) > 0) return false;
  return true;
}

/**
 * Builds, and sends searches to the index when it equals the rows; looks again from time to time when it does not. Before the swap the groups of
 * the index handle what was marked when the comparison ended, so no document falls behind what searches showed then.
 * @throws SEARCH_INDEX_GONE (retriable) when the index is lost meanwhile
 */
export async function buildAndSwap(
  options: BuildOptions,
  which: MayTakeSearches,
  index: IndexInfo,
  onState: (state: BuildState) => void,
  signal: AbortSignal,
): Promise<void> {
  const { indexPrefix, log, clock, plan } = options;
  const { type } = plan.definition;
  for (;;) {
    const info = await sameIndex(options, index);
    const check = await buildIndex(options, info, onState, signal);
    if (check === null) return;
    if (check.differences > 0) {
      log.error({ event: 'search_index_differs', type, index: index.index, differences: check.differences });
      await clock.sleep(CHECK_AGAIN_MS, signal);
    } else if (!(await mayTakeSearches(options, which, info.version))) await untilMay(options, which, info, signal);
    else if (await takeSearches(options, index, signal)) {
      onState({ state: 'live' });
      log.info({ event: 'search_index_swapped', alias: aliasName(indexPrefix, type), to: index.index });
      return;
    } else await clock.sleep(SWAP_AGAIN_MS, signal);
  }
}

/** Resolves when searches may come, have come by command, or the index has to be filled again. */
async function untilMay(
  options: BuildOptions,
  which: MayTakeSearches,
  index: IndexInfo,
  signal: AbortSignal,
): Promise<void> {
  while (!(await mayTakeSearches(options, which, index.version))) {
    await options.clock.sleep(CHECK_AGAIN_MS, signal);
    const { filledAt, live } = await sameIndex(options, index);
    if (filledAt === null || live) return;
  }
}

/** What is known of the index now. */
async function sameIndex({ elastic, indexPrefix, plan }: BuildOptions, { index, uuid }: IndexInfo): Promise<IndexInfo> {
  const found = await listIndexes(elastic, indexPrefix, plan.definition.type);
  const same = found.find((info) => info.index === index && info.uuid === uuid);
  if (same === undefined) throw new SluiceError('SEARCH_INDEX_GONE', `Index ${index} went away while it was built.`);
  return same;
}

/** False when the index is not what it was when it was compared, or its groups are behind. */
async function takeSearches(options: BuildOptions, index: IndexInfo, signal: AbortSignal): Promise<boolean> {
  await untilCaughtUp(options, signal);
  try {
    await takeOver(options, index, signal);
    return true;
  } catch (error) {
    if (!hasCode(error, 'SEARCH_INDEX_UNFIT') && refusedStatus(error) !== 404) throw error;
    return false;
  }
}
