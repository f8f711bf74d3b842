import type { Elastic } from '#consumers/catalog/elastic.ts';
import { fanOutGroup } from '#consumers/rows/fanOutConsumer.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { SluiceError } from '#infra/runtime/errors.ts';
import type { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { ALIAS } from './blueGreenTrouble.ts';
import { Killed } from './interleaving.ts';
import type { MemoryIndexes } from './memoryIndexes.ts';
import type { MemoryRedis } from './memoryRedis.ts';
import { GROUP_PREFIX, ROWS_GROUP, type RowsStage } from './rowsStage.ts';
import type { Mover } from './settledDocuments.ts';

export interface ActorWorld {
  readonly indexes: MemoryIndexes;
  readonly redis: MemoryRedis;
  readonly broker: MemoryBroker;
  readonly rows: RowsStage;
  /** The gate of a new worker. */
  gate(): () => Promise<void>;
  /** How many processes read a group. */
  members(groupId: string): number;
  nowMs(): number;
  /** Searches have gone to another index. */
  moved(by: Mover): void;
}

/** A process, or a person at a keyboard, with its connections: after it was killed at one of its effects it has no other. */
export class Actor implements Mover {
  reference: ReadonlySet<string> = new Set();
  readonly damaged = new Set<string>();
  dead = false;
  readonly gate: () => Promise<void>;
  readonly elastic: Elastic;
  readonly redis: RedisCommands;
  readonly kafka: KafkaClient;
  readonly clock: Clock;

  constructor(world: ActorWorld) {
    const ready = world.gate();
    const live = (): string | undefined => world.indexes.indexes.get(world.indexes.behind(ALIAS) ?? '')?.uuid;
    let before: string | undefined;
    this.gate = async () => {
      try {
        await ready();
      } catch (error) {
        this.dead = true;
        throw error;
      }
      if (this.dead) throw new Killed();
      before = live();
    };
    const connection = world.indexes.connection(this.gate);
    this.elastic = {
      ...connection,
      request: async <T>(...call: Parameters<Elastic['request']>): Promise<T> => {
        const answer = await connection.request<T>(...call);
        if (call[1] === '/_aliases' && live() !== before) world.moved(this);
        return answer;
      },
    };
    this.redis = world.redis.connection(this.gate);
    this.kafka = kafkaOf(world, this.gate);
    const sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
      await this.gate();
      signal?.throwIfAborted();
    };
    this.clock = { now: () => world.nowMs(), sleep };
  }
}

/** Groups that read in the stage before. */
const OF_ROWS: ReadonlySet<string> = new Set([ROWS_GROUP, fanOutGroup(GROUP_PREFIX)]);

function kafkaOf({ broker, rows, members }: ActorWorld, gate: () => Promise<void>): KafkaClient {
  const kafka = createMemoryKafka(broker);
  return {
    ...kafka,
    committedOffsets: async (groupId, topics) => {
      await gate();
      if (!OF_ROWS.has(groupId)) return kafka.committedOffsets(groupId, topics);
      return new Map(
        topics.map((topic) => [
          topic,
          new Map([...rows.offsets(topic)].map(([partition, { next }]) => [partition, next])),
        ]),
      );
    },
    topicOffsets: async (topic) => {
      await gate();
      return topic.startsWith(`${GROUP_PREFIX}.dirty`) ? kafka.topicOffsets(topic) : rows.offsets(topic);
    },
    groupMembers: async (groupId) => members(groupId),
    commitOffsets: async (groupId, offsets) => {
      await gate();
      if (members(groupId) > 0) throw new SluiceError('KAFKA_REQUEST_FAILED', `${groupId} has members`);
      await kafka.commitOffsets(groupId, offsets);
    },
    producer: async () => {
      const producer = await kafka.producer();
      return { ...producer, send: (...message) => gate().then(() => producer.send(...message)) };
    },
  };
}
