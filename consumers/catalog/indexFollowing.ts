import { fanOutGroup } from '#consumers/rows/fanOutConsumer.ts';
import { fanOutTopic } from '#consumers/rows/fanOutTasks.ts';
import { rowsGroup } from '#consumers/rows/rowsConsumer.ts';
import { groupLag, untilPassed } from '#consumers/runner/lag.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { catalogLanes } from './lanes.ts';
import type { IndexInfo } from './searchIndex.ts';

/** How long the groups of an index may take to handle what is marked when searches are to go there. */
const FOLLOW_MS = 30_000;
/** And while the index they leave stands still: searches do not get newer for so long. */
const FROZEN_MS = 8000;
const QUICK_LOOK_MS = 40;

export interface FollowParts {
  readonly kafka: KafkaClient;
  readonly groupPrefix: string;
  /** Topics of the tables the rows group reads. */
  readonly rowsTopics: readonly string[];
  readonly clock: Clock;
}

type Target = Pick<IndexInfo, 'type' | 'version' | 'index'>;

/**
 * Waits until the groups of an index have handled every mark there is at the call.
 * @throws SEARCH_INDEX_UNFIT when they have not after half a minute: nobody keeps it up to date
 */
export async function untilFollowing(parts: FollowParts, target: Target, signal: AbortSignal): Promise<void> {
  for (const { groupId, topic } of catalogLanes(parts.groupPrefix, target))
    await pass(parts, target, { groupId, topics: [topic] }, signal, { mostMs: FOLLOW_MS });
}

/**
 * Waits until the index has all that any index of its type could show at the call: what stands in the rows is marked, what is marked is
 * handled. A document may be built from rows whose own marks are still to come, so the marks alone do not tell.
 * @throws SEARCH_INDEX_UNFIT when that takes too long for searches to stand still
 */
export async function untilShown(parts: FollowParts, target: Target, signal: AbortSignal): Promise<void> {
  const { kafka, groupPrefix, rowsTopics, clock } = parts;
  const endMs = clock.now() + FROZEN_MS;
  const quick = () => ({ mostMs: Math.max(0, endMs - clock.now()), lookMs: QUICK_LOOK_MS });
  await pass(parts, target, { groupId: rowsGroup(groupPrefix), topics: rowsTopics }, signal, quick());
  // What is walked may ask for more to be walked.
  const fanOut = { groupId: fanOutGroup(groupPrefix), topics: [fanOutTopic(groupPrefix)] };
  for (let lag = 1; lag > 0; ) {
    await pass(parts, target, fanOut, signal, quick());
    lag = await groupLag(kafka, fanOut.groupId, fanOut.topics);
    if (lag > 0 && clock.now() >= endMs) throw behind(target, fanOut.groupId);
  }
  for (const { groupId, topic } of catalogLanes(groupPrefix, target))
    await pass(parts, target, { groupId, topics: [topic] }, signal, quick());
}

async function pass(
  { kafka, clock }: FollowParts,
  target: Target,
  { groupId, topics }: { readonly groupId: string; readonly topics: readonly string[] },
  signal: AbortSignal,
  wait: { readonly mostMs: number; readonly lookMs?: number },
): Promise<void> {
  if (!(await untilPassed(kafka, groupId, topics, clock, signal, wait))) throw behind(target, groupId);
}

function behind({ type, version, index }: Target, groupId: string): SluiceError {
  return new SluiceError(
    'SEARCH_INDEX_UNFIT',
    `Documents ${type}: index ${index} is not kept up to date, group ${groupId} is behind. A consumer of version ${version} must run: \`sluice index build ${type} --follow --execute\` with its configuration does.`,
  );
}
