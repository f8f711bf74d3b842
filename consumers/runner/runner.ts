import type { BatchControl, ConsumerGroup, IncomingMessage, KafkaClient, MessageBatch } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isAbort, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { DeadLetter, DeadLetters } from './deadLetters.ts';
import { LagSampler } from './lag.ts';
import { wasDeadLetter } from './letterFormat.ts';
import { redeliveredTo } from './redelivery.ts';
import type { RunnerMetrics } from './runnerMetrics.ts';

/** A record after decoding, with the bytes it came from. */
export interface Decoded<T> {
  readonly value: T;
  readonly message: IncomingMessage;
}

/** Records of one partition in offset order, at most `maxBatchRecords`, never empty. */
export interface RecordBatch<T> {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly Decoded<T>[];
}

/** What a handler may ask while it works. */
export interface HandlerControl extends BatchControl {
  /** Puts one record aside: it goes to the dead letters before the offset is committed, and the batch goes on. */
  reject(message: IncomingMessage, error: SluiceError): void;
}

export interface RunnerOptions<T> {
  readonly kafka: KafkaClient;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly deadLetters: DeadLetters;
  readonly metrics: RunnerMetrics;
  readonly log: Logger;
  readonly maxBatchRecords: number;
  /** Partitions handled at once. Default 4. */
  readonly concurrency?: number;
  readonly clock?: Clock;
  /** Reads one record. A retriable error stops the partition and is tried again; any other puts the record aside. */
  decode(message: IncomingMessage): Promise<T>;
  /** Takes effect for a batch; may be given the same batch again. Retriable errors are tried again, any other ends the process. */
  handle(batch: RecordBatch<T>, control: HandlerControl): Promise<void>;
}

export interface RunnerStatus {
  readonly group: string;
  readonly state: 'starting' | 'running' | 'retrying' | 'stopped' | 'failed';
  readonly records: number;
  readonly deadLetters: number;
  /** Records not yet committed over all partitions of the group's topics; null before it was first sampled. */
  readonly lag: number | null;
  readonly lastError: string | null;
}

/** One consumer group with its handler. See SPEC.md for the states and what each promises. */
export class Runner<T> {
  readonly #options: RunnerOptions<T>;
  readonly #clock: Clock;
  readonly #lag: LagSampler;
  readonly #failing = new Set<string>();
  #state: RunnerStatus['state'] = 'starting';
  #records = 0;
  #deadLetters = 0;
  #lastError: string | null = null;

  constructor(options: RunnerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#lag = new LagSampler(options.kafka, options.groupId, options.topics, this.#clock);
  }

  component(): Component {
    const { kafka, groupId, topics, deadLetters, log } = this.#options;
    const group: ConsumerGroup = kafka.consumerGroup({
      groupId,
      topics: [...topics, deadLetters.redeliveryTopic],
      fromBeginning: true,
      concurrency: this.#options.concurrency ?? 4,
      onBatch: (batch, control) => this.onBatch(batch, control),
    });
    group.failed.catch((error: unknown) => {
      this.#state = 'failed';
      this.#lastError = error instanceof SluiceError ? error.code : String(error);
    });
    return {
      name: `consumer ${groupId}`,
      failed: group.failed,
      start: async (signal) => {
        await group.start(signal);
        this.#state = 'running';
        log.info({ event: 'consumer_started', groupId, topics: topics.length });
      },
      stop: async () => {
        await group.stop();
        if (this.#state !== 'failed') this.#state = 'stopped';
      },
    };
  }

  status(): RunnerStatus {
    return {
      group: this.#options.groupId,
      state: this.#state,
      records: this.#records,
      deadLetters: this.#deadLetters,
      lag: this.#lag.latest(),
      lastError: this.#lastError,
    };
  }

  /** Handles one fetched batch in slices; public for tests. Resolves when every record took effect or lies with the dead letters. */
  async onBatch(batch: MessageBatch, control: BatchControl): Promise<void> {
    const where = `${batch.topic}/${batch.partition}`;
    try {
      if (batch.topic === this.#options.deadLetters.redeliveryTopic) await this.#redelivered(batch, control);
      else await this.#slices(batch, control);
    } catch (error) {
      this.#failed(where, error);
      throw error;
    }
    if (this.#failing.delete(where) && this.#failing.size === 0 && this.#state === 'retrying') this.#state = 'running';
  }

  /** Handles the records in slices; after each, `settled` is told which of them were not put aside. */
  async #slices(
    batch: Pick<MessageBatch, 'topic' | 'partition' | 'messages'>,
    control: BatchControl,
    settled?: (messages: readonly IncomingMessage[]) => Promise<void>,
  ): Promise<void> {
    const { maxBatchRecords } = this.#options;
    for (let start = 0; start < batch.messages.length; start += maxBatchRecords) {
      control.signal.throwIfAborted();
      if (control.isStale()) return;
      const messages = batch.messages.slice(start, start + maxBatchRecords);
      const letters = await this.#slice(batch, messages, control);
      await settled?.(messages.filter((message) => letters.every((letter) => letter.message !== message)));
    }
  }

  /** Letters that shall be tried again: handled as the records they were, then settled or put aside once more. */
  async #redelivered(batch: MessageBatch, control: BatchControl): Promise<void> {
    const { groupId, deadLetters, log } = this.#options;
    for (const records of redeliveredTo(groupId, batch.messages)) {
      await this.#slices(records, control, async (taken) => {
        const handled = taken.filter(wasDeadLetter);
        if (handled.length === 0) return;
        await deadLetters.settle(groupId, handled, control.signal);
        log.info({ event: 'dead_letters_settled', groupId, topic: records.topic, letters: handled.length });
      });
    }
  }

  async #slice(
    batch: Pick<MessageBatch, 'topic' | 'partition'>,
    messages: readonly IncomingMessage[],
    control: BatchControl,
  ): Promise<readonly DeadLetter[]> {
    const { groupId, metrics, deadLetters } = this.#options;
    const startedMs = this.#clock.now();
    const letters: DeadLetter[] = [];
    const records = await this.#decodeAll(messages, letters);
    const reject = (message: IncomingMessage, error: SluiceError): void => void letters.push({ message, error });
    if (records.length > 0)
      await this.#options.handle(
        { topic: batch.topic, partition: batch.partition, records },
        { signal: control.signal, heartbeat: () => control.heartbeat(), isStale: () => control.isStale(), reject },
      );
    if (letters.length > 0) await this.#bury(letters, control.signal, deadLetters);
    this.#records += messages.length;
    metrics.records.inc({ group: groupId }, messages.length);
    metrics.batchSeconds.observe({ group: groupId }, (this.#clock.now() - startedMs) / 1000);
    return letters;
  }

  async #decodeAll(messages: readonly IncomingMessage[], letters: DeadLetter[]): Promise<Decoded<T>[]> {
    const records: Decoded<T>[] = [];
    for (const message of messages) {
      try {
        records.push({ value: await this.#options.decode(message), message });
      } catch (error) {
        if (!(error instanceof SluiceError) || error.retriable) throw error;
        letters.push({ message, error });
      }
    }
    return records;
  }

  async #bury(letters: readonly DeadLetter[], signal: AbortSignal, deadLetters: DeadLetters): Promise<void> {
    const { groupId, log, metrics } = this.#options;
    await deadLetters.put(groupId, letters, this.#clock.now(), signal);
    this.#deadLetters += letters.length;
    for (const { message, error } of letters) {
      metrics.deadLetters.inc({ group: groupId, code: error.code });
      const { topic, partition, offset } = message;
      log.warn({ event: 'record_put_aside', groupId, topic, partition, offset: String(offset), ...errorFields(error) });
    }
  }

  #failed(where: string, error: unknown): void {
    if (isAbort(error)) return;
    this.#lastError = error instanceof SluiceError ? error.code : error instanceof Error ? error.name : String(error);
    if (!isRetriable(error)) return;
    this.#failing.add(where);
    this.#state = 'retrying';
  }
}
