import type { KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import type { Clock } from '#infra/runtime/clock.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';

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
 * milliseconds (default: it waits for ever). It looks every `lookMs`, half a second when nothing is said.
 */
export async function untilPassed(
  kafka: KafkaClient,
  groupId: string,
  topics: readonly string[],
  clock: Clock,
  signal: AbortSignal,
  { mostMs = Number.POSITIVE_INFINITY, lookMs = LOOK_MS }: { readonly mostMs?: number; readonly lookMs?: number } = {},
): Promise<boolean> {
  const ends = new Map<string, PartitionOffsets>();
  for (const topic of topics) ends.set(topic, await endsOf(kafka, topic));
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    const committed = await kafka.committedOffsets(groupId, topics);
    const waiting = [...ends].filter(
      ([topic, partitions]) =>
        ![...partitions].every(([partition, end]) => (committed.get(topic)?.get(partition) ?? 0n) >= end),
    );
    if (waiting.length === 0) return true;
    if (waitedMs >= mostMs) return false;
    await clock.sleep(lookMs, signal);
    for (const [topic, before] of waiting) ends.set(topic, lowerOf(before, await endsOf(kafka, topic)));
  }
}

/** Ends of the partitions that hold anything. @throws KAFKA_TOPIC_MISSING, retriable because a topic that is made anew is missing for a while */
async function endsOf(kafka: KafkaClient, topic: string): Promise<PartitionOffsets> {
  const ranges = await kafka.topicOffsets(topic).catch((cause: unknown) => {
    if (!hasCode(cause, 'KAFKA_TOPIC_MISSING')) throw cause;
    throw new SluiceError('KAFKA_TOPIC_MISSING', `Waiting for ${topic} to be made.`, { cause, retriable: true });
  });
  const filled = [...ranges].filter(([, { begin, end }]) => end > begin);
  return new Map(filled.map(([partition, { end }]) => [partition, end]));
}

/** An end that fell back is that of a topic made anew: the one before is never reached. */
function lowerOf(before: PartitionOffsets, now: PartitionOffsets): PartitionOffsets {
  return new Map(
    [...before].flatMap(([partition, end]): [number, bigint][] => {
      const found = now.get(partition);
      return found === undefined ? [] : [[partition, found < end ? found : end]];
    }),
  );
}
