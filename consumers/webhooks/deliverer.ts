import { KeyedSender } from '#consumers/runner/sender.ts';
import type { BatchControl, ConsumerGroup, IncomingMessage, KafkaClient, MessageBatch } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isAbort, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { DeliveryLog } from './deliveryLog.ts';
import { EndpointWorker, type EndpointWorkerOptions } from './endpointWorker.ts';
import { inParallel } from './limiter.ts';
import { type Parked, ParkedPartition } from './parked.ts';
import { secretBytes } from './signature.ts';
import type { WatchedEndpoint } from './webhookMetrics.ts';
import {
  type Delivery,
  endpointGroup,
  eventsTopic,
  ONLY_HEADER,
  parkedTopic,
  REPLAY_HEADER,
  type WebhookEvent,
} from './webhookTypes.ts';

export interface DelivererOptions extends EndpointWorkerOptions {
  readonly kafka: KafkaClient;
  readonly groupPrefix: string;
  readonly deliveryLog: Pick<DeliveryLog, 'add' | 'flush'>;
}

/** Small batches: what is under way when a process dies is at most this much. */
const MAX_BYTES_PER_PARTITION = 65_536;
const WAIT_MS = 100;

/**
 * Delivers to one endpoint what its consumer group owns, in the order of each key. A message that fails is stored beside the events (parked) and
 * repeated from there; later ones of its key stand behind it, others go on. While the endpoint is away or disabled nothing new is taken.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #worker: EndpointWorker;
  readonly #clock: Clock;
  readonly #sender: KeyedSender;
  readonly #partitions = new Map<number, ParkedPartition>();
  readonly #abort = new AbortController();
  /** State the endpoint was last seen in: a new one begins with a clean slate. */
  #stateSinceMs: number | undefined;
  #wasAway = false;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#worker = new EndpointWorker(options);
    this.#clock = options.clock ?? systemClock;
    this.#sender = new KeyedSender(options.kafka);
  }

  component(): Component {
    const { kafka, groupPrefix, endpoint } = this.#options;
    const group: ConsumerGroup = kafka.consumerGroup({
      groupId: endpointGroup(groupPrefix, endpoint.name),
      topics: [eventsTopic(groupPrefix)],
      fromBeginning: true,
      concurrency: 4,
      maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
      onAssigned: (assignment) => this.assigned(assignment.get(eventsTopic(groupPrefix)) ?? []),
      onBatch: (batch, control) => this.onBatch(batch, control),
    });
    let repeating: Promise<void> = Promise.resolve();
    return {
      name: `webhooks to ${endpoint.name}`,
      failed: group.failed,
      start: async (signal) => {
        for (const secret of endpoint.secrets) secretBytes(secret);
        await group.start(signal);
        repeating = this.repeat();
      },
      stop: async () => {
        this.#abort.abort();
        await group.stop();
        await repeating;
        // What is under way may end: a message that was taken should be remembered as such.
        await this.#worker.limit.idle();
        await this.#options.deliveryLog.flush().catch(() => undefined);
        await this.#sender.close();
      },
    };
  }

  watched(): WatchedEndpoint {
    const heads = [...this.#partitions.values()].flatMap((partition) => partition.heads());
    const oldest = Math.min(...heads.map(({ event }) => Date.parse(event.at)));
    return {
      name: this.#options.endpoint.name,
      disabled: this.#worker.isDisabled,
      parked: this.#parked,
      oldestParkedSeconds: heads.length === 0 ? 0 : Math.max(0, (this.#clock.now() - oldest) / 1000),
    };
  }

  /** Takes note of the partitions this process now owns; public for tests. What is stored of them is read anew. */
  assigned(partitions: readonly number[]): void {
    for (const partition of this.#partitions.keys())
      if (!partitions.includes(partition)) this.#partitions.delete(partition);
    for (const partition of partitions) {
      const parked = this.#partitions.get(partition) ?? this.#parkedPartition(partition);
      this.#partitions.set(partition, parked);
      void parked.load(this.#abort.signal);
    }
  }

  /** Delivers or parks every message of a batch; public for tests. */
  async onBatch({ partition, messages }: MessageBatch, control: BatchControl): Promise<void> {
    const parked = this.#partitions.get(partition);
    if (parked === undefined) throw stale();
    await parked.loaded;
    const lanes = Map.groupBy(
      messages.flatMap((message) => this.#deliveryOf(message)),
      ({ event }) => event.key,
    );
    await inParallel([...lanes.values()], this.#options.endpoint.concurrency, async (lane) => {
      for (const delivery of lane) await this.#take(delivery, parked, control);
    });
    await this.#options.deliveryLog.flush(control.signal);
  }

  /** Repeats what is due until stopped; public for tests. */
  async repeat(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      try {
        if (!(await this.#round(signal))) await this.#clock.sleep(WAIT_MS, signal);
      } catch (error) {
        if (isAbort(error)) continue;
        const { log, endpoint } = this.#options;
        log.warn({ event: 'webhook_repetition_failed', endpoint: endpoint.name, ...errorFields(error) });
        await this.#clock.sleep(WAIT_MS * 10, signal).catch(() => undefined);
      }
    }
  }

  /** Tries what is due once; false when nothing was. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const due = this.#due();
    await inParallel(due, this.#options.endpoint.concurrency, ([message, parked]) =>
      this.#worker.again(message, parked, signal),
    );
    if (due.length > 0) await this.#options.deliveryLog.flush(signal);
    return due.length > 0;
  }

  #due(): (readonly [Parked, ParkedPartition])[] {
    const worker = this.#worker;
    if (worker.isDisabled) return [];
    const isNewState = this.#stateSinceMs !== undefined && this.#stateSinceMs !== worker.stateSinceMs;
    this.#stateSinceMs = worker.stateSinceMs;
    if (isNewState) worker.circuit.succeeded();
    const heads = [...this.#partitions.values()].flatMap((parked) =>
      parked.heads().map((head) => [head, parked] as const),
    );
    const nowMs = this.#clock.now();
    if (worker.circuit.isOpen) {
      this.#wasAway = true;
      return heads.length > 0 && worker.circuit.takeProbe(nowMs) ? [heads.reduce(earlier)] : [];
    }
    // The endpoint is back: nobody waits for his turn any longer.
    const isBack = this.#wasAway || isNewState;
    this.#wasAway = false;
    return heads.filter(([{ nextAtMs }]) => isBack || nextAtMs <= nowMs);
  }

  async #take(delivery: Delivery, parked: ParkedPartition, control: BatchControl): Promise<void> {
    if (!this.#worker.isFor(delivery) || parked.has(delivery)) return;
    await this.#mayGoOn(parked, control);
    if (parked.hasKey(delivery.event.key)) {
      await parked.put({ ...delivery, attempts: 0, failedSinceMs: null, nextAtMs: 0 }, control.signal);
      return;
    }
    await this.#worker.first(delivery, parked, control.signal);
  }

  /** Waits while the endpoint is disabled or away, or too much waits already. Keeps the membership alive meanwhile. */
  async #mayGoOn(parked: ParkedPartition, control: BatchControl): Promise<void> {
    for (;;) {
      control.signal.throwIfAborted();
      if (control.isStale()) throw stale();
      await control.heartbeat();
      const isAway = this.#worker.circuit.isOpen && this.#parked > 0;
      if (!this.#worker.isDisabled && !isAway && parked.size < this.#options.endpoint.maxParked) return;
      await this.#clock.sleep(WAIT_MS, control.signal);
    }
  }

  get #parked(): number {
    return [...this.#partitions.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #parkedPartition(partition: number): ParkedPartition {
    const { kafka, groupPrefix, endpoint } = this.#options;
    const topic = parkedTopic(groupPrefix);
    return new ParkedPartition({ kafka, sender: this.#sender, topic, partition, endpoint: endpoint.name });
  }

  /** Nothing for one that is meant for another endpoint. */
  #deliveryOf({ value, offset, headers }: IncomingMessage): Delivery[] {
    const only = headers[ONLY_HEADER]?.toString('utf8');
    if (value === null || (only !== undefined && only !== this.#options.endpoint.name)) return [];
    const event = JSON.parse(value.toString('utf8')) as WebhookEvent;
    return [{ event, seq: offset, replay: headers[REPLAY_HEADER]?.toString('utf8') ?? null }];
  }
}

function earlier<T extends readonly [Parked, ParkedPartition]>(a: T, b: T): T {
  return (a[0].failedSinceMs ?? Infinity) <= (b[0].failedSinceMs ?? Infinity) ? a : b;
}

/** Another process has the partition now, or will: nothing is committed, and the batch comes to whoever owns it. */
function stale(): SluiceError {
  return new SluiceError('KAFKA_MEMBERSHIP_LOST', 'The partition was taken back while messages waited.', {
    retriable: true,
  });
}
