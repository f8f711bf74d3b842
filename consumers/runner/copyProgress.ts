import type { KafkaClient } from '#infra/kafka/types.ts';
import { command, type RedisCommands, script } from '#infra/redis/client.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { CaptureProgress } from './captureProgress.ts';
import { type CopySpec, CopyTracker, type Offsets, type Promised } from './copyTracker.ts';
import { ledgerKey } from './ledger.ts';
import { CLAIM, claimKey, ledgerFacts, storeGroup } from './progress.ts';

/** What a copy needs beside its groups before it may say that it has come somewhere. */
export interface WatchedCopy extends CopySpec {
  /**
   * Makes what was written visible and says where: the index searches go to. null: what searches go to is not kept by these groups, so
   * nothing can be said. Left out for copies that are visible as soon as they are written.
   */
  show?(signal: AbortSignal): Promise<string | null>;
}

export interface CopyProgressOptions {
  readonly kafka: KafkaClient;
  readonly redis: RedisCommands;
  readonly topicPrefix: string;
  readonly groupPrefix: string;
  readonly copies: readonly WatchedCopy[];
  readonly clock?: Clock;
}

/** A ledger that has not moved for this long holds all there is, ms: what is left before the end are control records. */
const SETTLED_MS = 3000;

/** A ledger as it was seen, and since when it looks like that. */
interface SeenLedger {
  readonly id: string;
  readonly taken: Offsets;
  readonly sinceMs: ReadonlyMap<string, number>;
}

/** Watches the copies of one deployment; see SPEC-progress.md. */
export class CopyProgress {
  readonly #options: CopyProgressOptions;
  readonly #clock: Clock;
  readonly #captures: CaptureProgress;
  readonly #trackers: readonly CopyTracker[];
  readonly #ledgers = new Map<string, SeenLedger>();
  readonly #stores = new Map<CopyTracker, string>();
  /** Ends as they were seen last, and the places whose end went back: their topic was made anew, and offsets may still be the old one's. */
  readonly #lastEnds = new Map<string, bigint>();
  readonly #madeAnew = new Set<string>();

  constructor(options: CopyProgressOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#captures = new CaptureProgress(options.kafka, options.topicPrefix);
    this.#trackers = options.copies.map((copy) => new CopyTracker(copy));
  }

  /** Somebody else watches now. */
  forget(): void {
    for (const tracker of this.#trackers) tracker.forget();
    this.#ledgers.clear();
    this.#stores.clear();
  }

  /** Asks how far everything has come and stores what is certain. @throws retriable errors of Kafka, Redis and Elasticsearch */
  async round(signal: AbortSignal): Promise<void> {
    const records = await this.#captures.newest(signal).catch((error: unknown) => {
      if (hasCode(error, 'KAFKA_TOPIC_MISSING')) return [];
      throw error;
    });
    await this.#knowStores();
    for (const tracker of this.#trackers) tracker.promised(records);
    const stages = Math.max(0, ...this.#trackers.map(({ spec }) => spec.stages.length));
    for (let stage = 0; stage < stages; stage++) await this.#stage(stage, signal);
  }

  async #stage(stage: number, signal: AbortSignal): Promise<void> {
    const here = this.#trackers.filter(({ spec }) => spec.stages.length > stage);
    const asking = here.filter((tracker) => tracker.wantsEnds(stage));
    const ends = await this.#ends(asking.flatMap((tracker) => tracker.topics(stage)));
    for (const tracker of asking) tracker.ended(stage, endsOf(tracker, stage, ends));
    signal.throwIfAborted();
    const waiting = here.filter((tracker) => tracker.wantsOffsets(stage));
    if (waiting.length === 0) return;
    const committed = await this.#committed(waiting, stage);
    // After the committed offsets: what the store lost before they were asked for shows in its ledger.
    const ledgers = await this.#readLedgers(waiting);
    const drained = waiting.filter(({ spec }) => spec.stages[stage]!.drains === true);
    const after = await this.#ends(drained.flatMap((tracker) => tracker.topics(stage)));
    for (const tracker of waiting) {
      const ledger = ledgers.get(this.#storeOf(tracker)) ?? null;
      if (ledger === null || ledger.id !== this.#stores.get(tracker)) continue;
      const endsAfter = drained.includes(tracker) ? endsOf(tracker, stage, after) : undefined;
      const isPassed = this.#judge(tracker, stage, committed, ledger);
      const promise = tracker.handled(stage, isPassed, endsAfter);
      if (promise !== null) await this.#claim(tracker, promise, ledger.id, signal);
    }
  }

  #storeOf({ spec }: CopyTracker): string {
    return storeGroup(this.#options.groupPrefix, spec.name);
  }

  /** What waits was seen in one life of the store; in the next it says nothing. A claim that was lost is made again. */
  async #knowStores(): Promise<void> {
    const { redis } = this.#options;
    const answers = await redis.sendAll(
      this.#trackers.flatMap((tracker) => [
        command('HGET', ledgerKey(redis, this.#storeOf(tracker)), 'id'),
        command('HGET', claimKey(redis, tracker.spec.name), 'store'),
      ]),
    );
    for (const [i, tracker] of this.#trackers.entries()) {
      const [id, claimed] = [answers[2 * i] as string | null, answers[2 * i + 1] as string | null];
      if (id !== this.#stores.get(tracker)) tracker.forget();
      else if (claimed !== id) tracker.forgetNewest();
      if (id === null) this.#stores.delete(tracker);
      else this.#stores.set(tracker, id);
    }
  }

  /** Whether every group of the stage that reads a partition has handled what stood before `end`. */
  #judge(
    tracker: CopyTracker,
    stage: number,
    committed: ReadonlyMap<string, Offsets>,
    ledger: SeenLedger,
  ): (place: string, end: bigint) => boolean {
    const { reads } = tracker.spec.stages[stage]!;
    const store = this.#storeOf(tracker);
    const nowMs = this.#clock.now();
    return (place, end) => {
      if (end === 0n) return true;
      const topic = place.slice(0, place.lastIndexOf('/'));
      return reads.every(({ groupId, topics }) => {
        if (!topics.includes(topic)) return true;
        const offset = committed.get(groupId)?.get(place) ?? -1n;
        const taken = ledger.taken.get(place) ?? -1n;
        if (this.#isOfOldTopic(place, end, groupId === store && taken > offset ? taken : offset)) return false;
        const isCommitted = offset >= end;
        if (groupId !== store) return isCommitted;
        if (taken >= end) return true;
        return isCommitted && nowMs - (ledger.sinceMs.get(place) ?? nowMs) >= SETTLED_MS;
      });
    };
  }

  /** Until the group has gone back in a topic that was made anew, its offset says nothing. */
  #isOfOldTopic(place: string, end: bigint, offset: bigint): boolean {
    if (!this.#madeAnew.has(place)) return false;
    if (offset <= end) this.#madeAnew.delete(place);
    return offset > end;
  }

  async #committed(waiting: readonly CopyTracker[], stage: number): Promise<ReadonlyMap<string, Offsets>> {
    const reads = new Map<string, Set<string>>();
    for (const { spec } of waiting)
      for (const { groupId, topics } of spec.stages[stage]!.reads)
        reads.set(groupId, new Set([...(reads.get(groupId) ?? []), ...topics]));
    const found = await Promise.all(
      [...reads].map(async ([groupId, topics]) => {
        return [groupId, flat(await this.#options.kafka.committedOffsets(groupId, [...topics]))] as const;
      }),
    );
    return new Map(found);
  }

  async #claim(tracker: CopyTracker, promise: Promised, store: string, signal: AbortSignal): Promise<void> {
    const { redis, copies } = this.#options;
    const { name } = tracker.spec;
    const copy = copies.find((watched) => watched.name === name)!;
    let index: string | null = null;
    try {
      index = copy.show === undefined ? '' : await copy.show(signal);
    } finally {
      // What could not be shown now is promised again in the next round, whether or not capture has news by then.
      if (index === null) tracker.forgetNewest();
    }
    if (index === null) return;
    const time = promise.sourceTimeMs === null ? '' : String(Math.floor(promise.sourceTimeMs));
    await redis.send(script(CLAIM, claimKey(redis, name), promise.position, time, store, index));
  }

  /** The ledgers of the stores that hold everything that was ever handled; null for the others. */
  async #readLedgers(trackers: readonly CopyTracker[]): Promise<ReadonlyMap<string, SeenLedger | null>> {
    const { redis } = this.#options;
    const groups = [...new Set(trackers.map((tracker) => this.#storeOf(tracker)))];
    const answers = await redis.sendAll(groups.map((groupId) => command('HGETALL', ledgerKey(redis, groupId))));
    return new Map(groups.map((groupId, i) => [groupId, this.#seen(groupId, answers[i] as string[])]));
  }

  #seen(groupId: string, fields: readonly string[]): SeenLedger | null {
    const { id, rebuilding, taken } = ledgerFacts(fields);
    const before = this.#ledgers.get(groupId);
    this.#ledgers.delete(groupId);
    if (id === null || rebuilding) return null;
    const nowMs = this.#clock.now();
    const sinceMs = new Map(
      [...taken].map(([place, offset]) => {
        const isSame = before?.id === id && before.taken.get(place) === offset;
        return [place, isSame ? before.sinceMs.get(place)! : nowMs];
      }),
    );
    const seen = { id, taken, sinceMs };
    this.#ledgers.set(groupId, seen);
    return seen;
  }

  async #ends(topics: readonly string[]): Promise<Offsets> {
    if (topics.length === 0) return new Map();
    const ends = flat(await this.#options.kafka.endOffsets([...new Set(topics)]));
    for (const [place, end] of ends) {
      if (end < (this.#lastEnds.get(place) ?? 0n)) this.#madeAnew.add(place);
      this.#lastEnds.set(place, end);
    }
    return ends;
  }
}

function endsOf(tracker: CopyTracker, stage: number, ends: Offsets): Offsets {
  const topics = new Set(tracker.topics(stage));
  return new Map([...ends].filter(([place]) => topics.has(place.slice(0, place.lastIndexOf('/')))));
}

function flat(offsets: ReadonlyMap<string, ReadonlyMap<number, bigint>>): Offsets {
  const all = new Map<string, bigint>();
  for (const [topic, partitions] of offsets)
    for (const [partition, offset] of partitions) all.set(`${topic}/${partition}`, offset);
  return all;
}
