import type { BatchControl, ConsumerGroup, IncomingMessage, KafkaClient, MessageBatch } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isAbort, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { CopyKeeper } from './copyKeeper.ts';
import type { DeadLetter, DeadLetters } from './deadLetters.ts';
import { LagSampler } from './lag.ts';
import type { CopyLedger } from './ledger.ts';
import { type LetterRow, wasDeadLetter } from './letterFormat.ts';
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
  /** End of the partition when the records were fetched; undefined for records that come a second way (redeliveries). */
  readonly highWatermark?: bigint;
}

/** What a handler may ask while it works. */
export interface HandlerControl extends BatchControl {
  /**
   * Puts one record aside: it goes to the dead letters before the offset is committed, and the batch goes on. `rows`: what the document was to be
   * built from.
   */
  reject(message: IncomingMessage, error: SluiceError, rows?: readonly LetterRow[]): void;
  /**
   * To be awaited after reading what a write builds on and before that write: rejects (retriable) when the store lost what was written
   * before this batch. Quiet for a group without a ledger.
   */
  confirm(): Promise<void>;
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
  /** Most bytes fetched per partition and request. Default 1 MiB. */
  readonly maxBytesPerPartition?: number;
  readonly clock?: Clock;
  /** Of a group whose store can lose what it acknowledged: the group then goes back by itself. */
  readonly ledger?: CopyLedger;
  /** What the records are handled by; see rows/linkPlan.ts. */
  readonly plan?: RunnerPlan;
  /** Reads one record. A retriable error stops the partition and is tried again; any other puts the record aside. */
  decode(message: IncomingMessage): T | Promise<T>;
  /** Takes effect for a batch; may be given the same batch again. Retriable errors are tried again, any other ends the process. */
  handle(batch: RecordBatch<T>, control: HandlerControl): Promise<void>;
}

/** Something all processes of a group must have in common while they write. */
export interface RunnerPlan {
  /** What this process handles records by; kept with the ledger. */
  readonly revision: () => string;
  /** Takes up the plan that is in force. */
  readonly refresh: () => Promise<void>;
}

export interface RunnerStatus {
  readonly group: string;
  readonly state: 'starting' | 'running' | 'retrying' | 'stopped' | 'failed';
  readonly records: number;
  readonly deadLetters: number;
  /** Records not yet committed over all partitions of the group's topics; null before it was first sampled. */
  readonly lag: number | null;
  /** Partitions this process owns. */
  readonly partitions: number;
  readonly lastError: string | null;
  /** True while records are handled again because the store lost them. */
  readonly rebuilding: boolean;
}

/** One consumer group with its handler. See SPEC.md for the states and what each promises. */
export class Runner<T> {
  readonly #options: RunnerOptions<T>;
  readonly #clock: Clock;
  readonly #lag: LagSampler;
  readonly #keeper: CopyKeeper | undefined;
  readonly #confirm = new WeakMap<BatchControl, () => Promise<void>>();
  readonly #failing = new Set<string>();
  #state: RunnerStatus['state'] = 'starting';
  #records = 0;
  #partitions = 0;
  #deadLetters = 0;
  #lastError: string | null = null;

  constructor(options: RunnerOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#lag = new LagSampler(options.kafka, options.groupId, options.topics, this.#clock);
    options.metrics.watch(options.groupId, { lag: () => this.#lag.latest(), partitions: () => this.#partitions });
    const { ledger, kafka, groupId, log, metrics } = options;
    if (ledger !== undefined)
      this.#keeper = new CopyKeeper({
        kafka,
        ledger,
        groupId,
        topics: [...options.topics, options.deadLetters.redeliveryTopic],
        log,
        clock: this.#clock,
        onLoss: (partitions) => metrics.copyLosses.inc({ group: groupId }, partitions),
      });
  }

  component(): Component {
    const { kafka, groupId, topics, deadLetters, log } = this.#options;
    const group: ConsumerGroup = kafka.consumerGroup({
      groupId,
      topics: [...topics, deadLetters.redeliveryTopic],
      fromBeginning: true,
      concurrency: this.#options.concurrency ?? 4,
      ...(this.#options.maxBytesPerPartition && { maxBytesPerPartition: this.#options.maxBytesPerPartition }),
      onBatch: (batch, control) => this.onBatch(batch, control),
      onAssigned: (assignment) => this.#assigned(assignment),
    });
    this.#keeper?.attach(group);
    const watch = this.#keeper?.component();
    group.failed.catch((error: unknown) => {
      this.#state = 'failed';
      this.#lastError = error instanceof SluiceError ? error.code : String(error);
    });
    return {
      name: `consumer ${groupId}`,
      failed: watch === undefined ? group.failed : Promise.race([group.failed, watch.failed!]),
      start: async (signal) => {
        await group.start(signal);
        await watch?.start(signal);
        this.#state = 'running';
        log.info({ event: 'consumer_started', groupId, topics: topics.length });
      },
      stop: async () => {
        await watch?.stop();
        await group.stop();
        if (this.#state !== 'failed') this.#state = 'stopped';
      },
    };
  }

  #assigned(assignment: ReadonlyMap<string, readonly number[]>): void {
    this.#partitions = [...assignment.values()].reduce((sum, { length }) => sum + length, 0);
    this.#keeper?.assigned(assignment);
  }

  status(): RunnerStatus {
    return {
      group: this.#options.groupId,
      state: this.#state,
      records: this.#records,
      deadLetters: this.#deadLetters,
      lag: this.#lag.latest(),
      partitions: this.#partitions,
      lastError: this.#lastError,
      rebuilding: this.#keeper?.rebuilding ?? false,
    };
  }

  /** Handles one fetched batch in slices; public for tests. Resolves when every record took effect or lies with the dead letters. */
  async onBatch(batch: MessageBatch, control: BatchControl): Promise<void> {
    const where = `${batch.topic}/${batch.partition}`;
    try {
      if (this.#keeper === undefined) await this.#work(batch, control);
      else await this.#kept(this.#keeper, batch, control);
    } catch (error) {
      this.#failed(where, error);
      throw error;
    }
    if (this.#failing.delete(where) && this.#failing.size === 0 && this.#state === 'retrying') this.#state = 'running';
  }

  /** Handles a batch and has the store remember it; a batch that came too early is left, and comes again. */
  async #kept(keeper: CopyKeeper, batch: MessageBatch, control: BatchControl): Promise<void> {
    try {
      const standing = await keeper.enter(batch);
      if (standing === null) return;
      this.#confirm.set(control, () => keeper.confirm(standing));
      const last = batch.messages.at(-1)!;
      // As it was before the work: a plan that is taken up meanwhile was not in force for all of it.
      const plan = this.#options.plan?.revision();
      await this.#work(batch, control, async (handled) => {
        const next = handled === last ? (batch.nextOffset ?? handled.offset + 1n) : handled.offset + 1n;
        return keeper.passed(standing, next, plan);
      });
    } catch (error) {
      if (error instanceof SluiceError && error.code === 'COPY_PLAN_CHANGED') await this.#options.plan?.refresh();
      throw error;
    } finally {
      keeper.leave(batch);
    }
  }

  /** `passed` is told the last record of what was handled; false ends the work. */
  async #work(
    batch: MessageBatch,
    control: BatchControl,
    passed: (last: IncomingMessage) => Promise<boolean> = async () => true,
  ): Promise<void> {
    if (batch.topic !== this.#options.deadLetters.redeliveryTopic)
      return this.#slices(batch, control, async (messages) => passed(messages.at(-1)!));
    await this.#redelivered(batch, control);
    if (!control.isStale()) await passed(batch.messages.at(-1)!);
  }

  /** Handles the records in slices; after each, `settled` is told of its records and which were not put aside; false ends the work. */
  async #slices(
    batch: Pick<MessageBatch, 'topic' | 'partition' | 'messages'> & Partial<Pick<MessageBatch, 'highWatermark'>>,
    control: BatchControl,
    settled: (messages: readonly IncomingMessage[], taken: readonly IncomingMessage[]) => Promise<boolean>,
  ): Promise<void> {
    const { maxBatchRecords } = this.#options;
    for (let start = 0; start < batch.messages.length; start += maxBatchRecords) {
      control.signal.throwIfAborted();
      if (control.isStale()) return;
      const messages = batch.messages.slice(start, start + maxBatchRecords);
      const letters = await this.#slice(batch, messages, control);
      const aside = new Set(letters.map(({ message }) => message));
      if (!(await settled(messages, aside.size === 0 ? messages : messages.filter((m) => !aside.has(m))))) return;
    }
  }

  /** Letters that shall be tried again: handled as the records they were, then settled or put aside once more. */
  async #redelivered(batch: MessageBatch, control: BatchControl): Promise<void> {
    const { groupId, deadLetters, log } = this.#options;
    for (const records of redeliveredTo(groupId, batch.messages)) {
      await this.#slices(records, control, async (_, taken) => {
        const handled = taken.filter(wasDeadLetter);
        if (handled.length === 0) return true;
        await deadLetters.settle(groupId, handled, control.signal);
        log.info({ event: 'dead_letters_settled', groupId, topic: records.topic, letters: handled.length });
        return true;
      });
    }
  }

  async #slice(
    batch: Pick<MessageBatch, 'topic' | 'partition'> & Partial<Pick<MessageBatch, 'highWatermark'>>,
    messages: readonly IncomingMessage[],
    control: BatchControl,
  ): Promise<readonly DeadLetter[]> {
    const { groupId, metrics, deadLetters } = this.#options;
    const startedMs = this.#clock.now();
    const letters: DeadLetter[] = [];
    const records = await this.#decodeAll(messages, letters);
    const reject: HandlerControl['reject'] = (message, error, rows) =>
      void letters.push({ message, error, ...(rows && { rows }) });
    if (records.length > 0)
      await this.#options.handle(
        {
          topic: batch.topic,
          partition: batch.partition,
          records,
          ...(batch.highWatermark !== undefined && { highWatermark: batch.highWatermark }),
        },
        {
          signal: control.signal,
          heartbeat: () => control.heartbeat(),
          isStale: () => control.isStale(),
          confirm: this.#confirm.get(control) ?? (async () => undefined),
          reject,
        },
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
        const decoded = this.#options.decode(message);
        records.push({ value: decoded instanceof Promise ? await decoded : decoded, message });
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
