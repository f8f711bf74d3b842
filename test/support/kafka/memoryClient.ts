import type {
  KafkaClient,
  PartitionOffsets,
  PartitionProducer,
  ReadTopicOptions,
  Transaction,
  TransactionalProducer,
} from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { MemoryBroker, type MemoryTransactionalId } from './memoryBroker.ts';
import { MemoryGroupMember } from './memoryGroup.ts';

/** A client of an in-memory broker, for tests: same contract as the real client, no server. Clients that share a broker see each other. */
export function createMemoryKafka(broker: MemoryBroker = new MemoryBroker(), clock: Clock = systemClock): KafkaClient {
  const members = new Set<MemoryGroupMember>();
  return {
    ensureTopics: async (specs) => specs.forEach((spec) => void broker.ensure(spec)),
    partitionCount: async (topic) => broker.topics.get(topic)?.partitions.length ?? null,
    listTopics: async () => [...broker.topics.keys()],
    deleteTopics: async (topics) => topics.forEach((topic) => void broker.topics.delete(topic)),
    producer: async () => memoryProducer(broker, clock),
    transactionalProducer: async ({ transactionalId }) =>
      new MemoryTransactionalProducer(broker, transactionalId, clock),
    consumerGroup(options) {
      const member = new MemoryGroupMember(broker, options);
      members.add(member);
      return member;
    },
    readTopic: (options) => readMemoryTopic(broker, options),
    topicOffsets: async (topic) =>
      new Map(broker.topic(topic).partitions.map((p, i) => [i, { begin: 0n, end: p.lastStable }])),
    endOffsets: async (topics) =>
      new Map(topics.map((t) => [t, new Map(broker.topic(t).partitions.map((p, i) => [i, p.lastStable]))])),
    offsetsByTimestamp: async (topic, timestampMs) =>
      new Map(
        broker.topic(topic).partitions.map((p, i) => {
          const { messages } = p.read(0n, Number.POSITIVE_INFINITY);
          return [i, messages.find((m) => m.timestampMs >= timestampMs)?.offset ?? p.lastStable];
        }),
      ),
    committedOffsets: async (groupId, topics) => committedOffsets(broker, groupId, topics),
    groupMembers: async (groupId) => broker.group(groupId).members.length,
    commitOffsets: async (groupId, offsets) => {
      const group = broker.group(groupId);
      for (const [topic, partitions] of offsets) {
        for (const [partition, offset] of partitions) group.committed.set(`${topic}/${partition}`, offset);
      }
    },
    async close() {
      await Promise.all([...members].map((m) => m.stop()));
    },
  };
}

function committedOffsets(
  broker: MemoryBroker,
  groupId: string,
  topics: readonly string[],
): ReadonlyMap<string, PartitionOffsets> {
  const group = broker.group(groupId);
  return new Map(
    topics.map((topic) => {
      const offsets = new Map<number, bigint>();
      broker.topics.get(topic)?.partitions.forEach((_, i) => {
        const offset = group.committed.get(`${topic}/${i}`);
        if (offset !== undefined) offsets.set(i, offset);
      });
      return [topic, offsets];
    }),
  );
}

function memoryProducer(broker: MemoryBroker, clock: Clock): PartitionProducer {
  return {
    send: async (topic, partition, messages) => ({
      baseOffset: broker.partition(topic, partition).append(messages, { kind: 'committed' }, clock.now()),
    }),
    close: async () => undefined,
  };
}

class MemoryTransactionalProducer implements TransactionalProducer {
  readonly #broker: MemoryBroker;
  readonly #clock: Clock;
  readonly #state: MemoryTransactionalId;
  readonly #epoch: number;
  #closed = false;

  constructor(broker: MemoryBroker, id: string, clock: Clock) {
    this.#broker = broker;
    this.#clock = clock;
    this.#state = broker.transactionalId(id);
    broker.endTransaction(this.#state, 'aborted', clock.now());
    this.#epoch = ++this.#state.epoch;
  }

  async begin(): Promise<Transaction> {
    this.#check();
    if (this.#state.open) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'A transaction is already open');
    const open = { state: { kind: 'open' as const }, partitions: new Set<ReturnType<MemoryBroker['partition']>>() };
    this.#state.open = open;
    const mine = (): boolean => this.#state.open === open;
    return {
      include: async () => this.#check(),
      send: async (topic, partition, messages) => {
        this.#check();
        if (!mine()) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The transaction has ended');
        const log = this.#broker.partition(topic, partition);
        open.partitions.add(log);
        return { baseOffset: log.append(messages, open.state, this.#clock.now()) };
      },
      commit: async () => {
        this.#check();
        if (!mine()) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The transaction has ended');
        this.#broker.endTransaction(this.#state, 'committed', this.#clock.now());
      },
      abort: async () => {
        if (this.#epoch === this.#state.epoch && mine()) {
          this.#broker.endTransaction(this.#state, 'aborted', this.#clock.now());
        }
      },
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(): void {
    if (this.#epoch !== this.#state.epoch) {
      throw new SluiceError('KAFKA_FENCED', 'A newer instance with the same transactional id has taken over');
    }
    if (this.#closed) throw new SluiceError('KAFKA_PRODUCER_BROKEN', 'The producer was closed');
  }
}

async function readMemoryTopic(broker: MemoryBroker, options: ReadTopicOptions): Promise<PartitionOffsets> {
  const next = new Map<number, bigint>();
  const partitions = broker.topic(options.topic).partitions;
  const ends = partitions.map((p) => p.lastStable);
  for (const [i, log] of partitions.entries()) {
    if (options.partitions && !options.partitions.includes(i)) continue;
    let from = options.from === 'beginning' ? 0n : (options.from.get(i) ?? 0n);
    while (from < ends[i]!) {
      options.signal?.throwIfAborted();
      const read = log.read(from, 1000, ends[i]!);
      from = read.next;
      next.set(i, from);
      const batch = { topic: options.topic, partition: i, messages: read.messages, highWatermark: log.highWatermark };
      if (read.messages.length > 0 && (await options.onBatch(batch)) === false) return next;
    }
    next.set(i, from);
  }
  return next;
}
