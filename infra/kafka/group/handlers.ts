import { setImmediate as yieldToEvents } from 'node:timers/promises';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { BatchControl, ConsumerGroupOptions } from '../types.ts';
import type { OwnedPartition, OwnedPartitions, Taken } from './ownedPartitions.ts';

export interface HandlersOptions {
  readonly owned: OwnedPartitions;
  readonly onBatch: ConsumerGroupOptions['onBatch'];
  readonly concurrency: number;
  readonly maxBytesPerPartition: number;
  readonly isPaused: (topic: string) => boolean;
  /** A batch took effect up to this offset. */
  readonly onHandled: (partition: OwnedPartition, next: bigint) => void;
  /** The handler failed for good. */
  readonly onFailed: (error: unknown) => void;
  readonly log: Logger;
}

/** Gives waiting records to the handler: one batch a partition at a time, and so many partitions at once. */
export class Handlers {
  readonly #options: HandlersOptions;
  readonly #abort = new AbortController();
  #running = 0;
  #turn = 0;
  #closed = false;

  constructor(options: HandlersOptions) {
    this.#options = options;
  }

  /** Begins as many batches as there is room for. */
  dispatch(): void {
    while (this.#running < this.#options.concurrency && !this.#closed) {
      const partition = this.#next();
      if (!partition) return;
      this.#running++;
      partition.busy = this.#handle(partition).finally(() => {
        partition.busy = null;
        partition.servedAt = ++this.#turn;
        this.#running--;
        this.dispatch();
      });
    }
  }

  /** Begins no more batches; those in hand have so long to end, then they are told to stop. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    const busy = [...this.#options.owned.all()].flatMap((p) => (p.busy ? [p.busy] : []));
    await within(graceMs, Promise.all(busy));
    this.#abort.abort();
    await within(graceMs, Promise.all(busy));
  }

  /** Of those that have records the one that waited longest. */
  #next(): OwnedPartition | undefined {
    const { owned, isPaused } = this.#options;
    let best: OwnedPartition | undefined;
    for (const partition of owned.all()) {
      if (!partition.hasWork || partition.busy || partition.leaving || isPaused(partition.topic)) continue;
      if (best === undefined || partition.servedAt < best.servedAt) best = partition;
    }
    return best;
  }

  async #handle(partition: OwnedPartition): Promise<void> {
    const taken = partition.take(this.#options.maxBytesPerPartition);
    const isStale = (): boolean => this.#abort.signal.aborted || partition.epoch !== taken.epoch;
    try {
      if (taken.messages.length > 0) await this.#give(partition, taken, isStale);
    } catch (error) {
      if (!isStale()) this.#options.onFailed(error);
      return;
    }
    if (!isStale()) this.#options.onHandled(partition, taken.next);
  }

  async #give(partition: OwnedPartition, taken: Taken, isStale: () => boolean): Promise<void> {
    const { topic, partition: number } = partition;
    const { messages, highWatermark, next: nextOffset } = taken;
    const batch = { topic, partition: number, messages, highWatermark, nextOffset };
    const control: BatchControl = {
      signal: this.#abort.signal,
      isStale,
      heartbeat: async () => {
        // The membership's own timers get their turn.
        await yieldToEvents();
        if (!isStale()) return;
        throw new SluiceError('KAFKA_MEMBERSHIP_LOST', `The group took ${partition.place} back while it was worked on`);
      },
    };
    await retry(() => this.#options.onBatch(batch, control), {
      attempts: Number.POSITIVE_INFINITY,
      signal: this.#abort.signal,
      retryIf: (error) => isRetriable(error) && !isStale(),
      onRetry: (error, attempt, pauseMs) =>
        this.#options.log.warn({
          event: 'batch_retried',
          topic,
          partition: number,
          attempt,
          pauseMs,
          error: String(error),
        }),
    });
  }
}

/** Resolves with the work, or after so many milliseconds. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
