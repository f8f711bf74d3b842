import type { ConsumerGroup, KafkaClient, MessageBatch } from '#infra/kafka/types.ts';
import { backgroundLoop } from '#infra/runtime/background.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import { errorFields, isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Component } from '#infra/runtime/lifecycle.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import type { CopyLedger, KnownPlace, LedgerPlace } from './ledger.ts';

/** Milliseconds between looks at the store: how long a loss stays unseen while nothing is written. */
const LOOK_MS = 1000;

/** How far this member has come in one partition of the store. */
interface Standing extends LedgerPlace {
  readonly storeId: string;
  /** Everything before it was handled, by this member or those before. */
  next: bigint;
}

export interface CopyKeeperOptions {
  readonly kafka: KafkaClient;
  readonly ledger: CopyLedger;
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly log: Logger;
  /** Told how many partitions were moved back. */
  readonly onLoss: (partitions: number) => void;
  readonly clock?: Clock;
}

const nameOf = ({ topic, partition }: LedgerPlace): string => `${topic}/${partition}`;

/**
 * Keeps a group's place in its topics and the store it writes to together. The ledger in the store is the truth, committed offsets are a
 * hint: where the store has less than was committed or handled, the partition goes back to what the store has. Nobody has to agree with
 * anybody: each owner looks after its own partitions. See SPEC.md §5.
 */
export class CopyKeeper {
  readonly #options: CopyKeeperOptions;
  readonly #clock: Clock;
  readonly #standings = new Map<string, Standing>();
  readonly #busy = new Set<string>();
  #owned: LedgerPlace[] = [];
  #group: ConsumerGroup | undefined;
  #wake: (() => void) | undefined;
  #rebuilding = false;

  constructor(options: CopyKeeperOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  attach(group: ConsumerGroup): void {
    this.#group = group;
  }

  /** Partitions of this member are being handled again after a loss. */
  get rebuilding(): boolean {
    return this.#rebuilding;
  }

  /** Others may have worked on the partitions since: what was known of them is forgotten. */
  assigned(assignment: ReadonlyMap<string, readonly number[]>): void {
    this.#owned = [...assignment].flatMap(([topic, partitions]) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    this.#standings.clear();
    this.#wake?.();
  }

  /** Where the batch stands; null when the store has less than comes before it: the partition was moved back, and the batch is stale. */
  async enter(batch: MessageBatch): Promise<Standing | null> {
    const name = nameOf(batch);
    this.#busy.add(name);
    const first = batch.messages[0]!.offset;
    const known = this.#standings.get(name);
    // An earlier record than before: the group was moved back, or the topic was made anew.
    if (known !== undefined && first >= known.next) return known;
    const opened = await this.#open([batch]);
    const next = opened.next.get(name)!;
    const standing = { topic: batch.topic, partition: batch.partition, storeId: opened.storeId };
    if (next >= first) {
      const taken = { ...standing, next: first };
      this.#standings.set(name, taken);
      return taken;
    }
    // Control records and compaction leave gaps, too: going back over one costs a fetch.
    await this.#back({ ...standing, next }, opened.believed.get(name) ?? 0n);
    return null;
  }

  leave({ topic, partition }: LedgerPlace): void {
    this.#busy.delete(`${topic}/${partition}`);
  }

  /**
   * Notes that everything before `next` was handled. False when the store lost what it had meanwhile: the partition was moved back.
   * @throws COPY_PLAN_CHANGED (retriable) when it must be handled again by the plan that is in force now
   */
  async passed(standing: Standing, next: bigint, plan = ''): Promise<boolean> {
    const answer = await this.#options.ledger.pass(standing, next, plan);
    if (answer === 'ok') {
      standing.next = next;
      return true;
    }
    if (answer === 'plan')
      throw new SluiceError('COPY_PLAN_CHANGED', `Another process of ${this.#options.groupId} knows more joins.`);
    await this.#recover(standing);
    return false;
  }

  /**
   * Makes sure that the store has all that came before the batch. Needed before a write that takes over what is stored.
   * @throws COPY_LOST (retriable) when it has not: the partition was moved back
   */
  async confirm(standing: Standing): Promise<void> {
    const seen = await this.#options.ledger.look([standing]);
    const next = seen.next.get(nameOf(standing));
    if (seen.storeId === standing.storeId && next != null && next >= standing.next) return;
    await this.#recover(standing);
    throw new SluiceError('COPY_LOST', `Redis lost what ${this.#options.groupId} had written to it.`);
  }

  /** Looks at the store once a second and after each assignment, so that a loss is seen and mended while nothing is written. */
  component(): Component {
    const { groupId, log } = this.#options;
    return backgroundLoop(`copy keeper ${groupId}`, async (signal) => {
      while (!signal.aborted) {
        await this.look().catch((error: unknown) => {
          if (!isRetriable(error)) throw error;
          log.debug({ event: 'copy_not_looked_at', groupId, ...errorFields(error) });
        });
        const pause = new AbortController();
        this.#wake = () => pause.abort();
        await this.#clock.sleep(LOOK_MS, AbortSignal.any([signal, pause.signal])).catch(() => undefined);
      }
    });
  }

  /** One look; public for tests. */
  async look(): Promise<void> {
    const quiet = this.#owned.filter((place) => !this.#busy.has(nameOf(place)));
    if (quiet.length === 0) return;
    const unknown = quiet.filter((place) => !this.#standings.has(nameOf(place)));
    if (unknown.length > 0) await this.#begin(unknown);
    const seen = await this.#options.ledger.look(this.#owned);
    for (const place of quiet) {
      const standing = this.#standings.get(nameOf(place));
      if (standing === undefined || this.#busy.has(nameOf(place))) continue;
      const next = seen.next.get(nameOf(place));
      if (seen.storeId !== standing.storeId || next == null || next < standing.next) await this.#recover(standing);
    }
    await this.#settle(seen.until);
  }

  async #begin(places: readonly LedgerPlace[]): Promise<void> {
    const opened = await this.#open(places);
    for (const place of places) {
      const name = nameOf(place);
      if (this.#busy.has(name) || this.#standings.has(name)) continue;
      const next = opened.next.get(name)!;
      const believed = opened.believed.get(name);
      const standing = { ...place, storeId: opened.storeId };
      if (believed !== undefined && next < believed) await this.#back({ ...standing, next }, believed);
      else if (believed !== undefined) this.#standings.set(name, { ...standing, next: believed });
    }
  }

  async #settle(until: ReadonlyMap<string, bigint>): Promise<void> {
    const { kafka, groupId, ledger, log } = this.#options;
    const waiting = this.#owned.filter((place) => until.has(nameOf(place)));
    this.#rebuilding = waiting.length > 0;
    if (waiting.length === 0) return;
    const committed = await kafka.committedOffsets(groupId, this.#options.topics);
    const done = waiting.filter((place) => {
      // One that is about to be moved back has still the offset of before.
      if (this.#busy.has(nameOf(place)) || !this.#standings.has(nameOf(place))) return false;
      return (committed.get(place.topic)?.get(place.partition) ?? 0n) >= until.get(nameOf(place))!;
    });
    await ledger.reached(done);
    this.#rebuilding = done.length < waiting.length;
    if (done.length > 0) log.info({ event: 'copy_partitions_rebuilt', groupId, partitions: done.length });
  }

  /** The store is another one, or an older state of the same: from what it has, but at most from where this member stood. */
  async #recover(standing: Standing): Promise<void> {
    const { ledger } = this.#options;
    const name = nameOf(standing);
    this.#standings.delete(name);
    const seen = await ledger.look([standing]);
    // The same store with less in it: whoever works on the state from before must not be counted.
    if (seen.storeId === standing.storeId) await ledger.renew(standing.storeId);
    const opened = await this.#open([standing], standing);
    const next = opened.next.get(name)!;
    const from = next < standing.next ? next : standing.next;
    await this.#back(
      { topic: standing.topic, partition: standing.partition, storeId: opened.storeId, next: from },
      standing.next,
    );
  }

  async #back(standing: Standing, believed: bigint): Promise<void> {
    const { groupId, log } = this.#options;
    const { topic, partition, next } = standing;
    try {
      await this.#group!.rewind(topic, partition, next);
    } catch (error) {
      throw new SluiceError('COPY_NOT_MOVED_BACK', `${groupId} could not move back on ${topic}/${partition}.`, {
        cause: error,
      });
    }
    this.#standings.set(nameOf(standing), standing);
    if (believed <= next) return;
    this.#options.onLoss(1);
    log.warn({
      event: 'copy_lost_partition_moved_back',
      groupId,
      topic,
      partition,
      from: String(believed),
      to: String(next),
    });
  }

  /** Where there is no record between what the store has and what was committed (control records, compaction) it has everything. */
  async #bridge(places: readonly KnownPlace[]): Promise<void> {
    const { ledger, kafka } = this.#options;
    const { storeId, next } = await ledger.look(places);
    if (storeId === null) return;
    for (const place of places) {
      const from = next.get(nameOf(place)) ?? null;
      if (from === null || from >= place.believed) continue;
      let first: bigint | undefined;
      const onBatch = ({ messages }: MessageBatch): boolean => {
        first ??= messages[0]!.offset;
        return FIRST_ONLY;
      };
      const { topic, partition } = place;
      await kafka.readTopic({ topic, partitions: [partition], from: new Map([[partition, from]]), onBatch });
      if (first === undefined || first >= place.believed)
        await ledger.pass({ topic, partition, storeId, next: from }, place.believed, '');
    }
  }

  /** Opens the ledger for all partitions of the group at once: from then on it tells how whole the copy is, whoever owns what. */
  async #open(
    asked: readonly LedgerPlace[],
    handled?: Standing,
  ): Promise<{
    readonly storeId: string;
    readonly next: ReadonlyMap<string, bigint>;
    readonly believed: ReadonlyMap<string, bigint>;
  }> {
    const { groupId, ledger } = this.#options;
    const { places, believed } = await this.#known(handled).catch((error: unknown) => {
      // A topic that is made anew is missing for a while.
      if (error instanceof SluiceError && error.code === 'KAFKA_TOPIC_MISSING')
        throw new SluiceError('COPY_NOT_MOVED_BACK', `${groupId} waits for its topics: ${error.message}`, {
          cause: error,
        });
      throw error;
    });
    await this.#bridge(places);
    const opened = await ledger.open(places, asked);
    const missing = asked.find((place) => !opened.next.has(nameOf(place)));
    if (missing !== undefined)
      throw new SluiceError('KAFKA_UNREACHABLE', `Kafka does not show ${nameOf(missing)} at the moment.`);
    return { ...opened, believed };
  }

  /** Every partition of the group as Kafka has it; `believed` has the committed offsets alone. */
  async #known(
    handled: Standing | undefined,
  ): Promise<{ readonly places: readonly KnownPlace[]; readonly believed: ReadonlyMap<string, bigint> }> {
    const { kafka, groupId, topics } = this.#options;
    const committed = await kafka.committedOffsets(groupId, topics);
    const believed = new Map<string, bigint>();
    const places: KnownPlace[] = [];
    for (const topic of topics) {
      for (const [partition, { begin, end }] of await kafka.topicOffsets(topic)) {
        const name = `${topic}/${partition}`;
        const hint = committed.get(topic)?.get(partition);
        if (hint !== undefined) believed.set(name, hint);
        const own = handled !== undefined && name === nameOf(handled) ? handled.next : 0n;
        const most = maxOf(hint ?? 0n, own);
        const goal = hint === undefined ? 0n : end;
        places.push({ topic, partition, begin, outdated: null, believed: most < end ? most : end, goal });
      }
    }
    return { places: await this.#withoutOlderTopics(places), believed };
  }

  /** An entry beyond the end of its topic is of an older topic of the same name. The end is looked up after the entry, which may be moving. */
  async #withoutOlderTopics(places: readonly KnownPlace[]): Promise<readonly KnownPlace[]> {
    const { next } = await this.#options.ledger.look(places);
    const checked: KnownPlace[] = [];
    const ends = new Map<string, ReadonlyMap<number, { readonly end: bigint }>>();
    for (const place of places) {
      const entry = next.get(nameOf(place)) ?? null;
      if (entry !== null && entry > 0n && !ends.has(place.topic))
        ends.set(place.topic, await this.#options.kafka.topicOffsets(place.topic));
      const end = ends.get(place.topic)?.get(place.partition)?.end;
      checked.push(entry !== null && end !== undefined && entry > end ? { ...place, outdated: entry } : place);
    }
    return checked;
  }
}

/** Ends a reading at the first record. */
const FIRST_ONLY = false;

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);
