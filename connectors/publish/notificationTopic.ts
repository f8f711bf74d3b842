import { randomUUID } from 'node:crypto';
import type { CaptureNotification, CaptureObserver } from '#connectors/capture/notifications.ts';
import type { KafkaClient, OutgoingMessage, PartitionProducer, TopicSpec } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';

/** Notifications that may wait for Kafka; beyond it the oldest are dropped, which the log tells. */
const MAX_WAITING = 1000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;

/** The topic of notifications of all captures with this prefix: one partition, keyed by the capture's name. */
export function notificationTopic(prefix: string): string {
  return `${prefix}.__sluice.notifications`;
}

export interface NotificationTopicOptions {
  readonly kafka: KafkaClient;
  readonly topicPrefix: string;
  readonly replicationFactor: number;
  /** Name of the capture. */
  readonly name: string;
  readonly log: Logger;
  readonly clock?: Clock;
}

/** A notification as Debezium's sink writes it: what it is about, what happened, and the facts as texts. */
interface NotificationRecord {
  readonly id: string;
  readonly aggregate_type: string;
  readonly type: string;
  readonly additional_data: Readonly<Record<string, string>>;
  /** ms since 1970 UTC. */
  readonly timestamp: number;
}

/** Our kinds under Debezium's names; the others keep their own, in capitals. */
const DEBEZIUM_TYPES: Readonly<Record<string, string>> = {
  snapshot_started: 'STARTED',
  snapshot_progress: 'IN_PROGRESS',
  snapshot_table_completed: 'TABLE_SCAN_COMPLETED',
  snapshot_completed: 'COMPLETED',
  snapshot_paused: 'PAUSED',
  snapshot_resumed: 'RESUMED',
  snapshot_aborted: 'ABORTED',
  instance_may_be_dropped: 'COMPLETED',
};

/** The JSON form of a notification. `additional_data.kind` is our own name of it. */
function notificationRecord(capture: string, notification: CaptureNotification, timestamp: number): NotificationRecord {
  const { type: kind, ...facts } = notification;
  const data: Record<string, string> = { capture, kind };
  for (const [name, value] of Object.entries(facts))
    if (value !== null && value !== undefined) data[name] = String(value);
  return {
    id: randomUUID(),
    aggregate_type: aggregateOf(notification),
    type: DEBEZIUM_TYPES[kind] ?? kind.toUpperCase(),
    additional_data: data,
    timestamp,
  };
}

function aggregateOf(notification: CaptureNotification): string {
  if (notification.type === 'instance_may_be_dropped') return 'Capture Instance';
  if (!notification.type.startsWith('snapshot_')) return 'Capture';
  const adHoc = 'id' in notification && notification.id !== notification.table;
  return adHoc ? 'Incremental Snapshot' : 'Initial Snapshot';
}

/**
 * Writes notifications to their topic, in order and at least once, on its own time: the capture never waits for it, and a Kafka that is away
 * costs the oldest notifications and nothing else.
 */
export class NotificationTopic implements CaptureObserver {
  readonly #options: NotificationTopicOptions;
  readonly #clock: Clock;
  readonly #waiting: OutgoingMessage[] = [];
  readonly #stop = new AbortController();
  #producer: PartitionProducer | undefined;
  #sending: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: NotificationTopicOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  notify(notification: CaptureNotification): void {
    const timestampMs = this.#clock.now();
    const value = Buffer.from(JSON.stringify(notificationRecord(this.#options.name, notification, timestampMs)));
    this.#waiting.push({ key: Buffer.from(this.#options.name), value, timestampMs });
    if (this.#waiting.length > MAX_WAITING) {
      this.#waiting.shift();
      this.#dropped++;
    }
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when everything so far was written. */
  async idle(): Promise<void> {
    while (this.#sending) await this.#sending;
  }

  /** Gives what waits one last try. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.idle();
    await this.#producer?.close().catch(() => undefined);
  }

  async #sendAll(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice();
      try {
        await this.#send(batch);
        for (const message of batch) if (this.#waiting[0] === message) this.#waiting.shift();
        pauseMs = FIRST_PAUSE_MS;
      } catch (error) {
        this.#producer = undefined;
        this.#options.log.warn({
          event: 'notifications_waiting',
          waiting: this.#waiting.length,
          ...errorFields(error),
        });
        if (this.#stop.signal.aborted) return;
        await this.#clock.sleep(pauseMs, this.#stop.signal).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
      }
    }
    if (this.#dropped > 0) this.#options.log.warn({ event: 'notifications_dropped', dropped: this.#dropped });
    this.#dropped = 0;
  }

  async #send(batch: readonly OutgoingMessage[]): Promise<void> {
    const { kafka, topicPrefix, replicationFactor } = this.#options;
    const topic = notificationTopic(topicPrefix);
    if (!this.#producer) {
      const spec: TopicSpec = { topic, partitions: 1, replicationFactor, config: { 'cleanup.policy': 'delete' } };
      await kafka.ensureTopics([spec]);
      this.#producer = await kafka.producer();
    }
    await this.#producer.send(topic, 0, batch);
  }
}
