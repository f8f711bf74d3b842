import { setImmediate as tick } from 'node:timers/promises';
import { COMMANDS } from '#connectors/commands/model/commands.ts';
import { KafkaQueue } from '#connectors/commands/queue/kafkaQueue.ts';
import { QueueLog } from '#connectors/commands/queue/queueLog.ts';
import { queueTopics } from '#connectors/commands/queue/records.ts';
import { StatusIndex } from '#connectors/commands/queue/statusIndex.ts';
import { QueueWorker } from '#connectors/commands/queue/worker.ts';
import type { ConsumerGroup, KafkaClient } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';
import { CommandHarness, type TestKeys } from './commandHarness.ts';

/** One API process with its part of the queue. */
export interface QueueProcess {
  readonly door: CommandHarness;
  readonly log: QueueLog;
}

/** A queue in a Kafka in memory, with API processes and workers over it and a clock whose sleeps take no time. */
export class QueueWorld {
  readonly topics = queueTopics('t');
  readonly broker = new MemoryBroker();
  readonly kafka: KafkaClient = createMemoryKafka(this.broker);
  nowMs = 1_000_000;
  readonly clock: Clock = {
    now: () => this.nowMs,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      this.nowMs += ms;
      await tick();
    },
  };
  readonly #keys: TestKeys;
  #group: ConsumerGroup | undefined;

  constructor(keys: TestKeys) {
    this.#keys = keys;
  }

  /** `client`: another view of the same Kafka. */
  process(client: KafkaClient = this.kafka): QueueProcess {
    const index = new StatusIndex(1_000_000);
    const settings = { partitions: 3, replicationFactor: 1, keepDays: 1, timeoutMs: 2000 };
    const log = new QueueLog({ kafka: client, topics: this.topics, ...settings, index, log: silentLogger });
    return { door: new CommandHarness(this.#keys, { queue: new KafkaQueue(log, index, this.clock.now) }), log };
  }

  async startWorker({ door, log }: QueueProcess, more: { maxTries?: number; maxAgeMs?: number } = {}): Promise<void> {
    const worker = new QueueWorker({
      commands: COMMANDS,
      useCases: door.pipeline,
      gateway: door.gateway,
      queue: log,
      concurrency: 4,
      maxTries: 3,
      maxAgeMs: 1e9,
      log: silentLogger,
      clock: this.clock,
      ...more,
    });
    await log.partitions();
    this.#group = this.kafka.consumerGroup({
      groupId: 'g',
      topics: [this.topics.commands],
      fromBeginning: true,
      onBatch: (batch, control) => worker.onBatch(batch, control),
    });
    await this.#group.start(new AbortController().signal);
  }

  async stopWorker(): Promise<void> {
    await this.#group?.stop();
  }
}

/** What makes a request one that may be answered later. */
export const later = { headers: { prefer: 'respond-async' } };
export const stateOf = async (door: CommandHarness, url: string) => (await door.get(url)).json();
