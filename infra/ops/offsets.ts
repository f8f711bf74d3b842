import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { GroupTopics } from './lag.ts';
import { resolveStartPoint, type StartPoint } from './startPoint.ts';

/** One partition of a group before and after. */
export interface OffsetMove {
  readonly topic: string;
  readonly partition: number;
  /** null: nothing was committed. */
  readonly before: bigint | null;
  readonly after: bigint;
  /** Records that will be handled again (positive) or skipped (negative). */
  readonly again: bigint;
}

export interface OffsetPlan {
  readonly groupId: string;
  /** Members of the group now; a plan can be carried out with none only. */
  readonly members: number;
  readonly moves: readonly OffsetMove[];
}

/** What moving a group to a point would do. `topic` and `partition` narrow it. @throws OFFSETS_TARGET_UNKNOWN */
export async function planOffsets(
  kafka: KafkaClient,
  group: GroupTopics,
  to: StartPoint,
  only: { readonly topic?: string; readonly partition?: number },
  signal: AbortSignal,
): Promise<OffsetPlan> {
  const topics = group.topics.filter(
    (t) => only.topic === undefined || t === only.topic || t.endsWith(`.${only.topic}`),
  );
  if (topics.length === 0)
    throw new SluiceError(
      'OFFSETS_TARGET_UNKNOWN',
      `Group ${group.groupId} does not read ${only.topic}; it reads ${group.topics.join(', ')}.`,
    );
  const committed = await kafka.committedOffsets(group.groupId, topics);
  const moves: OffsetMove[] = [];
  for (const topic of topics) {
    const ranges = await kafka.topicOffsets(topic);
    const points = await resolveStartPoint(kafka, topic, to, signal);
    for (const [partition, after] of [...points].sort(([a], [b]) => a - b)) {
      if (only.partition !== undefined && only.partition !== partition) continue;
      const before = committed.get(topic)?.get(partition) ?? null;
      const { begin, end } = ranges.get(partition)!;
      const present = before === null || before < begin ? begin : before > end ? end : before;
      moves.push({ topic, partition, before, after, again: present - after });
    }
  }
  if (moves.length === 0)
    throw new SluiceError(
      'OFFSETS_TARGET_UNKNOWN',
      `No topic of group ${group.groupId} has partition ${only.partition}.`,
    );
  return { groupId: group.groupId, members: await kafka.groupMembers(group.groupId), moves };
}

/** Carries a plan out. @throws OFFSETS_GROUP_ACTIVE while the group has members: they would write their own offsets over it */
export async function applyOffsets(kafka: KafkaClient, plan: OffsetPlan): Promise<void> {
  const members = await kafka.groupMembers(plan.groupId);
  if (members > 0)
    throw new SluiceError(
      'OFFSETS_GROUP_ACTIVE',
      `Group ${plan.groupId} has ${members} member${members === 1 ? '' : 's'}; expected none.`,
    );
  const offsets = new Map<string, Map<number, bigint>>();
  for (const { topic, partition, after } of plan.moves) {
    const partitions = offsets.get(topic) ?? new Map<number, bigint>();
    offsets.set(topic, partitions.set(partition, after));
  }
  await kafka.commitOffsets(plan.groupId, offsets as ReadonlyMap<string, PartitionOffsets>);
}
