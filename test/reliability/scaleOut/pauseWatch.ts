import { setTimeout as delay } from 'node:timers/promises';
import type { KafkaClient } from '#infra/kafka/types.ts';
import type { GroupTopics } from '#infra/ops/lag.ts';

/** Pause between two looks, ms: what a figure may be wrong by. */
const LOOK_MS = 50;

/** A time in which a partition of a group had records and nothing of it was committed. */
export interface Pause {
  /** group and topic/partition. */
  readonly place: string;
  readonly fromMs: number;
  readonly toMs: number;
}

interface Standing {
  committed: bigint;
  /** Since when there is something to read and no step was made; null while there is nothing. */
  sinceMs: number | null;
}

/** Looks at all partitions of all groups again and again, and notes how long each stood still although it had records. */
export class PauseWatch {
  readonly #kafka: KafkaClient;
  readonly #groups: readonly GroupTopics[];
  readonly #standings = new Map<string, Standing>();
  readonly #pauses: Pause[] = [];
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(kafka: KafkaClient, groups: readonly GroupTopics[]) {
    this.#kafka = kafka;
    this.#groups = groups;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Pauses that ended, or still last, between two moments of `performance.now()`. */
  between(fromMs: number, toMs: number): Pause[] {
    const lasting = [...this.#standings].flatMap(([place, { sinceMs }]) =>
      sinceMs === null ? [] : [{ place, fromMs: sinceMs, toMs }],
    );
    return [...this.#pauses, ...lasting].filter((pause) => pause.toMs > fromMs && pause.fromMs < toMs);
  }

  async #run(): Promise<void> {
    const topics = [...new Set(this.#groups.flatMap((group) => group.topics))];
    while (!this.#abort.signal.aborted) {
      try {
        // Committed offsets first: what is read meanwhile must not look like something left behind.
        const committed = await Promise.all(
          this.#groups.map(({ groupId, topics: own }) => this.#kafka.committedOffsets(groupId, own)),
        );
        const ends = await this.#kafka.endOffsets(topics);
        const nowMs = performance.now();
        for (const [i, { groupId, topics: own }] of this.#groups.entries())
          for (const topic of own)
            for (const [partition, end] of ends.get(topic)!)
              this.#look(
                `${groupId} ${topic}/${partition}`,
                committed[i]!.get(topic)?.get(partition) ?? 0n,
                end,
                nowMs,
              );
      } catch {
        // A broker that is busy is asked again.
      }
      await delay(LOOK_MS);
    }
  }

  #look(place: string, committed: bigint, end: bigint, nowMs: number): void {
    const standing = this.#standings.get(place) ?? { committed, sinceMs: null };
    this.#standings.set(place, standing);
    const moved = committed !== standing.committed;
    if (standing.sinceMs !== null && (moved || committed >= end))
      this.#pauses.push({ place, fromMs: standing.sinceMs, toMs: nowMs });
    if (committed >= end) standing.sinceMs = null;
    else if (moved || standing.sinceMs === null) standing.sinceMs = nowMs;
    standing.committed = committed;
  }
}
