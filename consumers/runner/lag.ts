import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';

const MAX_AGE_MS = 2000;

/**
 * Records between what a group has committed and the end of its topics. Sampled only while somebody asks: `latest` gives the last sample
 * at once and starts a new one when that is older than two seconds.
 */
export class LagSampler {
  readonly #kafka: KafkaClient;
  readonly #groupId: string;
  readonly #topics: readonly string[];
  readonly #clock: Clock;
  #sample: { readonly lag: number; readonly atMs: number } | undefined;
  #running = false;

  constructor(kafka: KafkaClient, groupId: string, topics: readonly string[], clock: Clock) {
    this.#kafka = kafka;
    this.#groupId = groupId;
    this.#topics = topics;
    this.#clock = clock;
  }

  latest(): number | null {
    const nowMs = this.#clock.now();
    if (!this.#running && (this.#sample === undefined || nowMs - this.#sample.atMs > MAX_AGE_MS)) void this.#refresh();
    return this.#sample?.lag ?? null;
  }

  async #refresh(): Promise<void> {
    this.#running = true;
    try {
      this.#sample = { lag: await groupLag(this.#kafka, this.#groupId, this.#topics), atMs: this.#clock.now() };
    } catch {
      this.#sample = undefined;
    } finally {
      this.#running = false;
    }
  }
}

/** Records not yet committed, summed over all partitions; a partition without a commit counts from its beginning. */
export async function groupLag(kafka: KafkaClient, groupId: string, topics: readonly string[]): Promise<number> {
  const [committed, ends] = await Promise.all([
    kafka.committedOffsets(groupId, topics),
    Promise.all(topics.map((topic) => kafka.topicOffsets(topic))),
  ]);
  let lag = 0n;
  for (const [index, topic] of topics.entries()) {
    for (const [partition, { begin, end }] of ends[index]!) {
      const next = committed.get(topic)?.get(partition);
      const from = next === undefined || next < begin ? begin : next;
      if (end > from) lag += end - from;
    }
  }
  return Number(lag);
}

const LOOK_MS = 500;

/**
 * Resolves with true when the group has committed everything that is in the topics now; with false when it has not after about `mostMs`
 * milliseconds.
 */
export async function untilPassed(
  kafka: KafkaClient,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
  signal: AbortSignal,
  mostMs = Number.POSITIVE_INFINITY,
): Promise<boolean> {
  const ends = new Map<string, PartitionOffsets>();
  for (const topic of topics) {
    const ranges = [...(await kafka.topicOffsets(topic))].filter(([, { begin, end }]) => end > begin);
    ends.set(topic, new Map(ranges.map(([partition, { end }]) => [partition, end])));
  }
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const committed = await kafka.committedOffsets(groupId, topics);
    const passed = ([topic, partitions]: [string, PartitionOffsets]): boolean =>
      [...partitions].every(([partition, end]) => (committed.get(topic)?.get(partition) ?? 0n) >= end);
    if ([...ends].every(passed)) return true;
    if (waitedMs >= mostMs) return false;
    await clock.sleep(LOOK_MS, signal);
  }
}
