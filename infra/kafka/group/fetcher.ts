import type { Clock } from '#infra/runtime/clock.ts';
import { isRetriable } from '#infra/runtime/errors.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { toIncoming } from '../fetchedRecords.ts';
import { kafkaErrorName, toKafkaError } from '../kafkajsErrors.ts';
import { protocolError } from '../kafkajsInternals.ts';
import { isStaleLeader } from '../kafkajsReader.ts';
import type { FetchedPartition } from '../patch/fetchResponse.ts';
import type { OwnedPartition, OwnedPartitions } from './ownedPartitions.ts';
import { logEdges, type StartOffset, type StartOffsetOptions, startOffsets } from './startOffsets.ts';

export interface FetcherOptions extends StartOffsetOptions {
  readonly owned: OwnedPartitions;
  readonly isPaused: (topic: string) => boolean;
  readonly maxBytesPerPartition: number;
  readonly maxWaitMs: number;
  /** Records wait to be handled. */
  readonly onRecords: () => void;
  /** A partition's start is not one the group knows: it shall be committed, so that the next owner begins there too. */
  readonly onStart: (start: StartOffset) => void;
  /** The topic is not there now; when it is made again its offsets begin anew. */
  readonly onGone: (partition: OwnedPartition) => void;
  /** Told what the brokers refuse for good. */
  readonly onRefused: (error: unknown) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Most bytes of one answer, and of all records that wait. */
const MAX_ANSWER_BYTES = 8 << 20;
const MAX_WAITING_BYTES = 32 << 20;
/** A fetch that leaves partitions out because they have enough must come back soon. */
const SHORT_WAIT_MS = 10;
const [PAUSE_MS, MAX_PAUSE_MS] = [50, 1000];
const [OFFSET_OUT_OF_RANGE, UNKNOWN_TOPIC_OR_PARTITION] = [1, 3];
/** While a topic is made again its brokers do not know it. */
const PASSING = /UNKNOWN_TOPIC_OR_PARTITION|OFFSET_NOT_AVAILABLE|REPLICA_NOT_AVAILABLE/;

/**
 * Reads the owned partitions, one request at a time to each broker that leads some of them, and goes on while handlers work: a partition
 * is left out only while it has enough waiting, while its topic is paused, and while where to begin is looked up.
 */
export class Fetcher {
  readonly #options: FetcherOptions;
  readonly #loops = new Map<string, Promise<void>>();
  readonly #abort = new AbortController();
  #change = Promise.withResolvers<void>();

  constructor(options: FetcherOptions) {
    this.#options = options;
  }

  /** Something may be fetched that could not be before. */
  wake(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
    if (!this.#abort.signal.aborted) this.#startLoops();
  }

  /** Looks up where newly assigned partitions begin, and fetches them from there on. */
  async begin(partitions: readonly OwnedPartition[]): Promise<void> {
    const left = () => partitions.filter((p) => this.#options.owned.has(p) && p.position === null);
    await this.#persistently('begin', async () => {
      const wanted = left();
      if (wanted.length === 0) return;
      for (const start of await startOffsets(wanted, this.#options)) {
        const { partition, offset } = start;
        if (partition.position !== null || !this.#options.owned.has(partition)) continue;
        partition.position = offset;
        // The end of the log moves on: the next owner must begin here, not at the end there is then.
        if (!start.committed && !this.#options.fromBeginning) this.#options.onStart(start);
      }
    });
    this.wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#change.resolve();
    await Promise.all(this.#loops.values());
  }

  #startLoops(): void {
    for (const nodeId of new Set([...this.#options.owned.all()].map((p) => this.#leaderOf(p)))) {
      if (nodeId === null || this.#loops.has(nodeId)) continue;
      this.#loops.set(
        nodeId,
        this.#loop(nodeId).finally(() => {
          this.#loops.delete(nodeId);
        }),
      );
    }
  }

  /** Node id of the partition's leader as the metadata has it; null when it has none. */
  #leaderOf({ topic, partition }: OwnedPartition): string | null {
    try {
      return Object.keys(this.#options.cluster.findLeaderForPartitions(topic, [partition]))[0] ?? null;
    } catch {
      return null;
    }
  }

  async #loop(nodeId: string): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const change = this.#change.promise;
      const mine = [...this.#options.owned.all()].filter((p) => this.#leaderOf(p) === nodeId);
      if (mine.length === 0) return;
      const ready = mine.filter((p) => p.position !== null && !p.leaving && !this.#options.isPaused(p.topic));
      const wanted = this.#withRoom(ready);
      if (wanted.length === 0) {
        await change;
        continue;
      }
      await this.#persistently('fetch', () => this.#fetch(nodeId, wanted, wanted.length < ready.length), 1);
    }
  }

  #withRoom(ready: readonly OwnedPartition[]): OwnedPartition[] {
    let waiting = 0;
    for (const { queuedBytes } of this.#options.owned.all()) waiting += queuedBytes;
    const limit = waiting < MAX_WAITING_BYTES ? this.#options.maxBytesPerPartition : 1;
    return ready.filter(({ queuedBytes }) => queuedBytes < limit);
  }

  async #fetch(nodeId: string, wanted: readonly OwnedPartition[], short: boolean): Promise<void> {
    const { cluster, maxBytesPerPartition, maxWaitMs } = this.#options;
    const asked = new Map(wanted.map((p) => [p.place, { partition: p, from: p.position!, epoch: p.epoch }]));
    const broker = await cluster.findBroker({ nodeId });
    const answer = await broker.fetch({
      isolationLevel: 1,
      maxWaitTime: short ? Math.min(SHORT_WAIT_MS, maxWaitMs) : maxWaitMs,
      minBytes: 1,
      maxBytes: MAX_ANSWER_BYTES,
      topics: wanted.map(({ topic, partition, position }) => ({
        topic,
        partitions: [{ partition, fetchOffset: String(position), maxBytes: maxBytesPerPartition }],
      })),
    });
    let failure: unknown;
    for (const { topicName, partitions } of answer.responses) {
      for (const fetched of partitions) {
        const { partition, from, epoch } = asked.get(`${topicName}/${fetched.partition}`)!;
        if (partition.epoch !== epoch || !this.#options.owned.has(partition)) continue;
        try {
          await this.#take(partition, from, fetched);
        } catch (error) {
          failure = error;
        }
      }
    }
    this.#options.onRecords();
    if (failure) throw failure;
  }

  async #take(partition: OwnedPartition, from: bigint, fetched: FetchedPartition): Promise<void> {
    if (fetched.errorCode === OFFSET_OUT_OF_RANGE) return this.#startOver(partition, from);
    if (fetched.errorCode === UNKNOWN_TOPIC_OR_PARTITION) this.#options.onGone(partition);
    if (fetched.errorCode !== 0) throw protocolError(fetched.errorCode);
    if (fetched.next === null || fetched.next <= from) return;
    const messages = fetched.records
      .filter(({ offset }) => offset >= from)
      .map((record) => toIncoming(partition.topic, partition.partition, record));
    const { bytes, next, highWatermark } = fetched;
    partition.push({ messages, bytes, next, highWatermark });
  }

  /** The offset is before the log's first (retention passed it) or after its end (the topic was made again): its beginning loses nothing. */
  async #startOver(partition: OwnedPartition, from: bigint): Promise<void> {
    const begin = (await logEdges(this.#options.cluster, [partition], true)).get(partition.place);
    if (begin === undefined || !this.#options.owned.has(partition)) return;
    const { topic, partition: number } = partition;
    this.#options.log.warn({
      event: 'offset_out_of_range',
      topic,
      partition: number,
      offset: String(from),
      continuesAt: String(begin),
    });
    partition.moveTo(begin);
    this.#options.onStart({ partition, offset: begin, committed: false });
  }

  /** Tries again for as long as it may pass, at most `attempts` times; looks the leaders up again in between. */
  async #persistently(what: string, work: () => Promise<void>, attempts = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock, log, cluster, groupId } = this.#options;
    const { signal } = this.#abort;
    for (let failures = 1; !signal.aborted; failures++) {
      try {
        return await work();
      } catch (error) {
        if (signal.aborted) return;
        const passes =
          isStaleLeader(error) || isRetriable(toKafkaError(error, what)) || PASSING.test(kafkaErrorName(error));
        if (!passes) {
          this.#options.onRefused(toKafkaError(error, `reading as ${groupId}`));
          return;
        }
        if (failures % 20 === 1) log.info({ event: 'records_not_fetched', groupId, what, error: String(error) });
        await clock.sleep(Math.min(MAX_PAUSE_MS, PAUSE_MS * failures), signal).catch(() => undefined);
        await cluster.refreshMetadata().catch(() => undefined);
        this.wake();
        if (failures >= attempts) return;
      }
    }
  }
}
