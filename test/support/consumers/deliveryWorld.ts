import { Deliverer } from '#consumers/webhooks/deliverer.ts';
import { DeliveryLog } from '#consumers/webhooks/deliveryLog.ts';
import { DeliveryMarks } from '#consumers/webhooks/deliveryMarks.ts';
import type { EndpointState } from '#consumers/webhooks/endpointStates.ts';
import type { Attempt } from '#consumers/webhooks/httpAttempt.ts';
import { webhookMetrics } from '#consumers/webhooks/webhookMetrics.ts';
import { openWebhookTopics } from '#consumers/webhooks/webhookTopics.ts';
import { eventsTopic, type WebhookEvent } from '#consumers/webhooks/webhookTypes.ts';
import { partitionFor } from '#infra/kafka/partitioner.ts';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { RedisCall, RedisCommands } from '#infra/redis/client.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { secretEnv } from '#infra/runtime/config/reference.ts';
import { type WebhookEndpoint, webhooksSchema } from '#infra/runtime/config/webhooks.ts';
import { silentLogger } from '#infra/runtime/logger.ts';
import { createMetrics } from '#infra/runtime/metrics.ts';
import { MemoryBroker } from '#test/support/kafka/memoryBroker.ts';
import { createMemoryKafka } from '#test/support/kafka/memoryClient.ts';

const PREFIX = 'w';
const PARTITIONS = 2;
const SECRET = 'DELIVERY_WORLD_SECRET';

export interface Trouble {
  /** Each process is killed at this effect, one after the other; the last one lives. */
  readonly kills: readonly number[];
  /** One attempt in so many fails; 0: none. */
  readonly failing: number;
  /** Whether Redis forgets everything with each kill. */
  readonly forgets: boolean;
}

class Killed extends Error {}

/** One process after the other delivers the same events to a receiver, each killed at one of its effects, over an in-memory Kafka. */
export class DeliveryWorld {
  /** What the receiver answered with success, in order. */
  readonly taken: WebhookEvent[] = [];
  readonly #broker = new MemoryBroker();
  readonly #events: readonly WebhookEvent[];
  readonly #trouble: Trouble;
  readonly #random: () => number;
  readonly #marks = new Map<string, string>();
  #nowMs = 1_000_000;

  constructor(events: readonly WebhookEvent[], trouble: Trouble, random: () => number) {
    this.#events = events;
    this.#trouble = trouble;
    this.#random = random;
    process.env[SECRET] = Buffer.alloc(32, 1).toString('base64');
  }

  async run(): Promise<void> {
    const kafka = createMemoryKafka(this.#broker);
    const topics = {
      groupPrefix: PREFIX,
      partitions: PARTITIONS,
      replicationFactor: 1,
      keepDays: 1,
    };
    await openWebhookTopics(kafka, topics);
    const producer = await kafka.producer();
    for (const event of this.#events) {
      const key = Buffer.from(event.key);
      const message = { key, value: Buffer.from(JSON.stringify(event)) };
      await producer.send(eventsTopic(PREFIX), partitionFor(key, PARTITIONS), [message]);
    }
    for (const kill of [...this.#trouble.kills, Number.POSITIVE_INFINITY]) {
      await this.#process(kill);
      if (this.#trouble.forgets) this.#marks.clear();
    }
    await kafka.close();
  }

  get isDone(): boolean {
    return new Set(this.taken.map(({ id }) => id)).size === this.#events.length;
  }

  /** Runs until everything was delivered or the effect with this number is reached. */
  async #process(kill: number): Promise<void> {
    let left = kill;
    let isDead = false;
    const effect = (): void => {
      if (!isDead && --left > 0) return;
      isDead = true;
      throw new Killed();
    };
    const kafka = this.#kafka(effect);
    const registry = createMetrics();
    const deliverer = new Deliverer({
      endpoint: endpoint(),
      kafka,
      groupPrefix: PREFIX,
      http: { attempt: (event) => this.#receive(event, effect) },
      states: { get: () => ENABLED, set: async () => undefined },
      marks: new DeliveryMarks(this.#redis(effect), 'shop', 1),
      deliveryLog: new DeliveryLog(kafka, PREFIX),
      metrics: webhookMetrics(registry),
      log: silentLogger,
      clock: this.#clock(),
      random: this.#random,
    });
    const component = deliverer.component();
    component.failed?.catch(() => undefined);
    await component.start(new AbortController().signal);
    while (!isDead && !(this.isDone && kill === Number.POSITIVE_INFINITY) && !this.#isIdle(deliverer))
      await new Promise((resolve) => setImmediate(resolve));
    isDead = true;
    await component.stop();
    await kafka.close();
  }

  /** A process that would be killed later than it has work for is as good as ended. */
  #isIdle(deliverer: Deliverer): boolean {
    return this.isDone && deliverer.watched().parked === 0;
  }

  async #receive({ id, ...event }: WebhookEvent, effect: () => void): Promise<Attempt> {
    effect();
    const isTaken = this.#trouble.failing === 0 || this.#random() >= 1 / this.#trouble.failing;
    if (isTaken) this.taken.push({ id, ...event });
    await new Promise((resolve) => setImmediate(resolve));
    // The answer may never be heard.
    effect();
    return { status: isTaken ? 200 : 500, ms: 1, error: null, retryAfterMs: null };
  }

  #kafka(effect: () => void): KafkaClient {
    const kafka = createMemoryKafka(this.#broker);
    return {
      ...kafka,
      producer: async () => {
        const producer = await kafka.producer();
        return {
          ...producer,
          send: async (topic, partition, messages) => {
            effect();
            const appended = await producer.send(topic, partition, messages);
            effect();
            return appended;
          },
          close: () => producer.close(),
        };
      },
    };
  }

  #redis(effect: () => void): RedisCommands {
    const send = async ({ name, args }: RedisCall): Promise<unknown> => {
      effect();
      const key = String(args[0]);
      if (name === 'EXISTS') return this.#marks.has(key) ? 1 : 0;
      if (name === 'SET') this.#marks.set(key, '1');
      return name === 'RecordWebhookHealth' ? ['0', ''] : null;
    };
    return {
      key: (...parts) => parts.join(':'),
      send,
      sendAll: async (calls) => Promise.all(calls.map(send)),
    };
  }

  /** Time goes on as fast as anybody waits for it. */
  #clock(): Clock {
    return {
      now: () => this.#nowMs,
      sleep: async (ms, signal) => {
        this.#nowMs += ms;
        await new Promise((resolve) => setImmediate(resolve));
        signal?.throwIfAborted();
      },
    };
  }
}

const EPOCH = new Date(0).toISOString();
const ENABLED: EndpointState = { state: 'enabled', reason: 'new', at: EPOCH, by: 'test', since: EPOCH };

function endpoint(): WebhookEndpoint {
  const { endpoints } = webhooksSchema.parse({
    endpoints: [
      {
        name: 'shop',
        url: 'https://shop.example/',
        secrets: [secretEnv(SECRET)],
        retryHours: 720,
        disableAfter: { hours: 720 },
        firstRetrySeconds: 0.2,
        maxRetrySeconds: 1,
      },
    ],
  });
  return endpoints[0]!;
}
