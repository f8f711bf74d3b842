import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import { toIncoming } from './fetchedRecords.ts';
import { kafkaErrorName, toKafkaError } from './kafkajsErrors.ts';
import { type InternalCluster, protocolError } from './kafkajsInternals.ts';
import type { FetchedPartition } from './patch/fetchResponse.ts';
import type { MessageBatch, OffsetRange, PartitionOffsets, ReadTopicOptions } from './types.ts';

const MAX_BYTES = 4 << 20;
const MAX_WAIT_MS = 100;
const ATTEMPTS = 10;

/** Errors after which the leader has to be looked up again. */
const STALE =
  /NOT_LEADER|LEADER_NOT_AVAILABLE|UNKNOWN_LEADER_EPOCH|FENCED_LEADER_EPOCH|KAFKA_STORAGE_ERROR|KafkaJSConnection|KafkaJSBrokerNotFound|KafkaJSRequestTimeout/;

/** Whether the leader has moved or its broker is away. */
export function isStaleLeader(error: unknown): boolean {
  return STALE.test(kafkaErrorName(error));
}

/** Partition ids of a topic; null when it does not exist. */
export async function topicPartitions(cluster: InternalCluster, topic: string): Promise<number[] | null> {
  try {
    await cluster.addTargetTopic(topic);
  } catch (error) {
    if (kafkaErrorName(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null;
    throw toKafkaError(error, `asking for topic ${topic}`);
  }
  return cluster
    .findTopicPartitionMetadata(topic)
    .map((p) => p.partitionId)
    .sort((a, b) => a - b);
}

const KNOWN_ATTEMPTS = 40;
const KNOWN_PAUSE_MS = 100;

/** Waits for the broker that is asked to have heard of a topic that another one has just created. @throws SluiceError KAFKA_TOPIC_MISSING */
export async function untilKnown(cluster: InternalCluster, topic: string, clock: Clock = systemClock): Promise<void> {
  for (let attempt = 1; (await topicPartitions(cluster, topic)) === null; attempt++) {
    if (attempt >= KNOWN_ATTEMPTS) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${topic} does not exist`);
    await clock.sleep(KNOWN_PAUSE_MS);
  }
}

/** First and last stable offsets of every partition. */
export async function offsetRanges(cluster: InternalCluster, topic: string): Promise<ReadonlyMap<number, OffsetRange>> {
  const partitions = await topicPartitions(cluster, topic);
  if (!partitions) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${topic} does not exist`);
  const ask = (fromBeginning: boolean) =>
    cluster.fetchTopicsOffset([{ topic, partitions: partitions.map((partition) => ({ partition })), fromBeginning }]);
  const [begins, ends] = await withLeaders(cluster, `asking for the offsets of ${topic}`, () =>
    Promise.all([ask(true), ask(false)]),
  );
  const begin = new Map(begins.flatMap((t) => t.partitions).map((p) => [p.partition, BigInt(p.offset)]));
  return new Map(
    ends
      .flatMap((t) => t.partitions)
      .map((p) => [p.partition, { begin: begin.get(p.partition) ?? 0n, end: BigInt(p.offset) }]),
  );
}

/** Last stable offsets of every partition of several topics. */
export async function endOffsets(
  cluster: InternalCluster,
  topics: readonly string[],
): Promise<ReadonlyMap<string, PartitionOffsets>> {
  const asked: { topic: string; partitions: { partition: number }[]; fromBeginning: false }[] = [];
  for (const topic of topics) {
    const partitions = await topicPartitions(cluster, topic);
    if (!partitions) throw new SluiceError('KAFKA_TOPIC_MISSING', `Topic ${topic} does not exist`);
    asked.push({ topic, partitions: partitions.map((partition) => ({ partition })), fromBeginning: false });
  }
  const ends = await withLeaders(cluster, `asking for the ends of ${topics.join(', ')}`, () =>
    cluster.fetchTopicsOffset(asked),
  );
  return new Map(
    ends.map(({ topic, partitions }) => [topic, new Map(partitions.map((p) => [p.partition, BigInt(p.offset)]))]),
  );
}

/** Asks leaders for something; when one has moved or is away the leaders are looked up again, as the library does not do by itself. */
async function withLeaders<T>(
  cluster: InternalCluster,
  what: string,
  ask: () => Promise<T>,
  clock: Clock = systemClock,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await ask();
    } catch (error) {
      if (!mayPass(error) || failures >= ATTEMPTS) throw toKafkaError(error, what);
      await clock.sleep(100 * failures);
      await refresh(cluster);
    }
  }
}

/** A wrong checksum may be one of the way; the next fetch shows it. */
function mayPass(error: unknown): boolean {
  return isStaleLeader(error) || isRetriable(error);
}

/** Brokers may be away while the leaders are looked up; then the next attempt shows it. */
async function refresh(cluster: InternalCluster): Promise<void> {
  await cluster.refreshMetadata().catch(() => undefined);
}

/** Offset of the first record at or after the time; the end of the partition when there is none. */
export async function offsetsAt(
  cluster: InternalCluster,
  topic: string,
  timestampMs: number,
): Promise<PartitionOffsets> {
  const ranges = await offsetRanges(cluster, topic);
  const partitions = [...ranges.keys()].map((partition) => ({ partition }));
  const found = await withLeaders(cluster, `asking for the offsets of ${topic} at ${timestampMs}`, () =>
    cluster.fetchTopicsOffset([{ topic, partitions, fromTimestamp: timestampMs }]),
  );
  return new Map(
    found
      .flatMap((t) => t.partitions)
      .map((p) => [p.partition, BigInt(p.offset) < 0n ? ranges.get(p.partition)!.end : BigInt(p.offset)]),
  );
}

/** See KafkaClient.readTopic. One partition after the other, so that memory holds one fetch. */
export async function readToEnd(
  cluster: InternalCluster,
  options: ReadTopicOptions,
  clock: Clock = systemClock,
): Promise<PartitionOffsets> {
  const ranges = await offsetRanges(cluster, options.topic);
  const next = new Map<number, bigint>();
  for (const [partition, range] of ranges) {
    if (options.partitions && !options.partitions.includes(partition)) continue;
    const wanted = options.from === 'beginning' ? range.begin : (options.from.get(partition) ?? range.begin);
    const tooEarly = wanted < range.begin;
    next.set(partition, tooEarly ? range.begin : wanted);
  }
  for (const partition of next.keys()) {
    if (!(await readPartition(cluster, options, partition, ranges.get(partition)!.end, next, clock))) break;
  }
  return next;
}

/** Reads one partition up to `end`, moving `next`; false when the handler wants no more. */
async function readPartition(
  cluster: InternalCluster,
  options: ReadTopicOptions,
  partition: number,
  end: bigint,
  next: Map<number, bigint>,
  clock: Clock,
): Promise<boolean> {
  const { topic, signal, onBatch } = options;
  let failures = 0;
  for (let from = next.get(partition)!; from < end; from = next.get(partition)!) {
    signal?.throwIfAborted();
    let fetched: FetchedPartition;
    try {
      fetched = await fetchOnce(cluster, topic, partition, from);
      failures = 0;
    } catch (error) {
      if (!mayPass(error) || ++failures >= ATTEMPTS) throw toKafkaError(error, `reading ${topic}`);
      await clock.sleep(100 * failures, signal);
      await refresh(cluster);
      continue;
    }
    const batch = toBatch(topic, fetched, from, end);
    next.set(partition, batch.next);
    if (batch.messages.length > 0 && (await onBatch(batch)) === false) return false;
  }
  return true;
}

async function fetchOnce(
  cluster: InternalCluster,
  topic: string,
  partition: number,
  from: bigint,
): Promise<FetchedPartition> {
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined) throw new SluiceError('KAFKA_UNREACHABLE', `No leader for ${topic}/${partition}`);
  const broker = await cluster.findBroker({ nodeId });
  const answer = await broker.fetch({
    isolationLevel: 1,
    maxWaitTime: MAX_WAIT_MS,
    minBytes: 1,
    maxBytes: MAX_BYTES,
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes: MAX_BYTES }] }],
  });
  const [fetched] = answer.responses[0]!.partitions;
  if (fetched!.errorCode !== 0) throw protocolError(fetched!.errorCode);
  return fetched!;
}

/** Cuts what was fetched at `end` and says where to go on; control records and compacted gaps move the offset too. */
function toBatch(
  topic: string,
  fetched: FetchedPartition,
  from: bigint,
  end: bigint,
): MessageBatch & { readonly next: bigint } {
  const messages = fetched.records
    .filter(({ offset }) => offset >= from && offset < end)
    .map((record) => toIncoming(topic, fetched.partition, record));
  // A fetch of one partition always brings its next record, so an empty answer means that compaction removed the rest of the range.
  const after = fetched.next !== null && fetched.next > from ? fetched.next : end;
  // Records that came after the end was asked for are cut off above: whoever reads on from here must get them.
  const next = after < end ? after : end;
  return { topic, partition: fetched.partition, messages, highWatermark: fetched.highWatermark, next };
}
