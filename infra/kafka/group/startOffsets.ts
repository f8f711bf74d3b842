import { SluiceError } from '#infra/runtime/errors.ts';
import type { InternalCluster } from '../kafkajsInternals.ts';
import type { GroupCoordinator } from './coordinator.ts';
import type { OwnedPartition } from './ownedPartitions.ts';

export interface StartOffsetOptions {
  readonly groupId: string;
  readonly fromBeginning: boolean;
  readonly coordinator: GroupCoordinator;
  readonly cluster: InternalCluster;
}

/** Where a partition is read from. */
export interface StartOffset {
  readonly partition: OwnedPartition;
  readonly offset: bigint;
  /** Whether the group had committed it. */
  readonly committed: boolean;
}

/** Committed offsets of partitions, and the beginning or end of those the group has not committed yet. */
export async function startOffsets(
  partitions: readonly OwnedPartition[],
  { groupId, fromBeginning, coordinator, cluster }: StartOffsetOptions,
): Promise<StartOffset[]> {
  const { responses } = await coordinator.ask(`reading the offsets of group ${groupId}`, (broker) =>
    broker.offsetFetch({ groupId, topics: byTopic(partitions) }),
  );
  const committed = places(responses);
  const without = partitions.filter(({ place }) => (committed.get(place) ?? -1n) < 0n);
  const edges = await logEdges(cluster, without, fromBeginning);
  const unknown = without.find(({ place }) => !edges.has(place));
  if (unknown) {
    const message = `Kafka does not show ${unknown.place} at the moment`;
    throw new SluiceError('KAFKA_REQUEST_FAILED', message, { retriable: true });
  }
  return partitions.map((partition) => {
    const edge = edges.get(partition.place);
    return { partition, offset: edge ?? committed.get(partition.place)!, committed: edge === undefined };
  });
}

/** First or last stable offsets. */
export async function logEdges(
  cluster: InternalCluster,
  partitions: readonly OwnedPartition[],
  fromBeginning: boolean,
): Promise<ReadonlyMap<string, bigint>> {
  if (partitions.length === 0) return new Map();
  return places(await cluster.fetchTopicsOffset(byTopic(partitions).map((topic) => ({ ...topic, fromBeginning }))));
}

function byTopic(partitions: readonly OwnedPartition[]) {
  const topics = new Map<string, { partition: number }[]>();
  for (const { topic, partition } of partitions) {
    const list = topics.get(topic);
    if (list) list.push({ partition });
    else topics.set(topic, [{ partition }]);
  }
  return [...topics].map(([topic, list]) => ({ topic, partitions: list }));
}

function places(
  topics: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly offset: string }[];
  }[],
): Map<string, bigint> {
  return new Map(
    topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, BigInt(offset)] as const),
    ),
  );
}
