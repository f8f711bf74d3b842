import { LinkPlan, type LinkPlanOptions } from '#consumers/rows/linkPlan.ts';
import { RowStore } from '#consumers/rows/rowStore.ts';
import type { Change } from '#consumers/runner/changes.ts';
import { CopyKeeper } from '#consumers/runner/copyKeeper.ts';
import { CopyLedger } from '#consumers/runner/ledger.ts';
import type {
  ConsumerGroup,
  IncomingMessage,
  KafkaClient,
  MessageBatch,
  PartitionOffsets,
} from '#infra/kafka/types.ts';
import type { DocumentDefinition } from '#infra/runtime/config/catalog.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import type { MemoryRedis } from './memoryRedis.ts';

type Choose = (limit: number) => number;
const where = (topic: string, partition: number): string => `${topic}/${partition}`;

/** A consumer group over logs in memory: committed offsets, generations, and what a keeper asks of Kafka. */
export class MemoryGroup {
  readonly committed = new Map<string, number>();
  generation = 0;
  readonly groupId: string;
  readonly topics: ReadonlyMap<string, Change[][]>;

  constructor(topics: ReadonlyMap<string, Change[][]>, groupId: string) {
    this.topics = topics;
    this.groupId = groupId;
  }

  /** Deals the partitions anew; what is in flight goes on without knowing. */
  rebalance(members: readonly KeptMember[], choose: Choose): void {
    this.generation += 1;
    const shares = new Map(members.map((member) => [member, new Map<string, number[]>()]));
    for (const [topic, partitions] of this.topics)
      for (const partition of partitions.keys()) {
        const share = shares.get(members[choose(members.length)]!)!;
        share.set(topic, [...(share.get(topic) ?? []), partition]);
      }
    for (const [member, share] of shares) member.assign(share);
  }

  client(gate: () => Promise<void>): KafkaClient {
    const logs = this.topics;
    const client: Pick<KafkaClient, 'committedOffsets' | 'topicOffsets' | 'readTopic'> = {
      committedOffsets: async () => {
        await gate();
        const found = new Map<string, Map<number, bigint>>();
        for (const [topic, partitions] of logs)
          for (const partition of partitions.keys()) {
            const next = this.committed.get(where(topic, partition));
            if (next !== undefined) found.set(topic, (found.get(topic) ?? new Map()).set(partition, BigInt(next)));
          }
        return found;
      },
      topicOffsets: async (topic) =>
        new Map(logs.get(topic)!.map((log, partition) => [partition, { begin: 0n, end: BigInt(log.length) }])),
      readTopic: async ({ topic, partitions, from, onBatch }): Promise<PartitionOffsets> => {
        const partition = partitions![0]!;
        const start = Number((from as PartitionOffsets).get(partition));
        const log = logs.get(topic)![partition]!;
        if (start < log.length)
          await onBatch({ topic, partition, messages: [message(topic, partition, start)], highWatermark: 0n });
        return new Map();
      },
    };
    return client as KafkaClient;
  }
}

function message(topic: string, partition: number, offset: number): IncomingMessage {
  return { topic, partition, offset: BigInt(offset), timestampMs: 0, key: null, value: null, headers: {} };
}

/** A batch with the changes behind its records, and the assignment it was fetched under. */
export interface FetchedBatch extends MessageBatch {
  readonly changes: readonly Change[];
  readonly generation: number;
  readonly moves: number;
}

/** One process of the rows group: its keeper, its link plan, its places in the partitions. */
export class KeptMember {
  readonly keeper: CopyKeeper;
  readonly plan: LinkPlan;
  readonly definition: DocumentDefinition;
  dead = false;
  looking = false;
  readonly #group: MemoryGroup;
  readonly #positions = new Map<string, number>();
  readonly #moves = new Map<string, number>();
  readonly #busy = new Set<string>();
  #owned: { readonly topic: string; readonly partition: number }[] = [];
  #generation = -1;

  constructor(
    group: MemoryGroup,
    redis: MemoryRedis,
    gate: () => Promise<void>,
    definition: DocumentDefinition,
    output: LinkPlanOptions['output'],
  ) {
    this.definition = definition;
    this.#group = group;
    const commands = redis.connection(gate);
    const { groupId } = group;
    this.keeper = new CopyKeeper({
      kafka: group.client(gate),
      ledger: new CopyLedger(commands, groupId),
      groupId,
      topics: [...group.topics.keys()],
      log: silentLogger,
      onLoss: () => undefined,
    });
    const store = new RowStore(commands);
    this.plan = new LinkPlan({ redis: commands, store, groupId, documents: [definition], output, log: silentLogger });
    const rewind = async (topic: string, partition: number, offset: bigint): Promise<void> => {
      await gate();
      const at = where(topic, partition);
      if (this.dead || this.#generation !== group.generation || !this.#owns(topic, partition))
        throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `${at} is another's`);
      group.committed.set(at, Number(offset));
      this.#positions.set(at, Number(offset));
      this.#moves.set(at, (this.#moves.get(at) ?? 0) + 1);
    };
    this.keeper.attach({ rewind } as ConsumerGroup);
  }

  assign(share: ReadonlyMap<string, readonly number[]>): void {
    this.#generation = this.#group.generation;
    this.#positions.clear();
    this.#owned = [...share].flatMap(([topic, list]) => list.map((partition) => ({ topic, partition })));
    this.keeper.assigned(share);
  }

  /** The next records of one of its partitions; undefined when the one chosen has none, or is worked on. */
  fetch(choose: Choose, most: number): FetchedBatch | undefined {
    if (this.#owned.length === 0) return undefined;
    const start = choose(this.#owned.length);
    for (let i = 0; i < this.#owned.length; i++) {
      const { topic, partition } = this.#owned[(start + i) % this.#owned.length]!;
      const at = where(topic, partition);
      const from = this.#positions.get(at) ?? this.#group.committed.get(at) ?? 0;
      const changes = this.#group.topics.get(topic)![partition]!.slice(from, from + most);
      if (changes.length === 0 || this.#busy.has(at)) continue;
      this.#busy.add(at);
      const messages = changes.map((_, place) => message(topic, partition, from + place));
      const moves = this.#moves.get(at) ?? 0;
      return { topic, partition, messages, highWatermark: 0n, changes, generation: this.#generation, moves };
    }
    return undefined;
  }

  /** What the runner does with a batch. */
  async handle(
    batch: FetchedBatch,
    gate: () => Promise<void>,
    keep: (table: string, changes: readonly Change[], confirm: () => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { topic, partition, changes } = batch;
    const at = where(topic, partition);
    const next = Number(batch.messages[0]!.offset) + changes.length;
    try {
      const standing = await this.keeper.enter(batch);
      if (standing === null) return;
      const plan = this.plan.revision();
      await keep(topic, changes, () => this.keeper.confirm(standing));
      if (!(await this.keeper.passed(standing, BigInt(next), plan))) return;
      await gate();
      const moved = (this.#moves.get(at) ?? 0) !== batch.moves;
      if (this.dead || moved || batch.generation !== this.#group.generation) return;
      this.#group.committed.set(at, next);
      this.#positions.set(at, next);
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'COPY_PLAN_CHANGED') await this.plan.refresh();
      throw error;
    } finally {
      this.keeper.leave(batch);
      this.#busy.delete(at);
    }
  }

  #owns(topic: string, partition: number): boolean {
    return this.#owned.some((own) => own.topic === topic && own.partition === partition);
  }
}
