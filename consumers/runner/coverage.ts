import type { Decoded, RecordBatch } from './runner.ts';

/** Keys remembered for one partition at most; beyond it records are only handled more often than they had to. */
const MOST_KEYS = 100_000;

interface Remembered {
  /** Offset the next slice should begin at or after. */
  next: bigint;
  /** No key is covered at or after this offset. */
  horizon: bigint;
  /** Key → offset below which its records need no handling. */
  readonly keys: Map<string, bigint>;
}

/**
 * For records that only say "look at this key now": what was in the partition when a batch was fetched was sent before the batch was handled,
 * so one look answers every record of the key below the end of the partition as it was then. While a group is behind, a key that changes all the
 * time is handled once and not once a batch. In memory only: what is not remembered is handled.
 */
export class Coverage {
  readonly #partitions = new Map<string, Remembered>();

  /** The last record of each key that is not covered. Of a redelivery (no `highWatermark`) every key is open. */
  open<T>(batch: RecordBatch<T>, keyOf: (record: Decoded<T>) => string): Decoded<T>[] {
    const keys = batch.highWatermark === undefined ? undefined : this.#known(batch)?.keys;
    const last = new Map<string, Decoded<T>>();
    for (const record of batch.records) {
      const key = keyOf(record);
      const until = keys?.get(key);
      if (until === undefined || record.message.offset >= until) last.set(key, record);
    }
    return [...last.values()];
  }

  /** Tells which keys of the batch were handled, all of them after the batch was fetched. */
  cover<T>(batch: RecordBatch<T>, handled: readonly string[]): void {
    const { highWatermark, records } = batch;
    if (highWatermark === undefined) return;
    const place = placeOf(batch);
    const next = records.at(-1)!.message.offset + 1n;
    if (highWatermark <= next) {
      this.#partitions.delete(place);
      return;
    }
    const known = this.#known(batch) ?? { next, horizon: highWatermark, keys: new Map<string, bigint>() };
    known.next = next;
    if (highWatermark > known.horizon) known.horizon = highWatermark;
    for (const key of handled) if (known.keys.size < MOST_KEYS) known.keys.set(key, highWatermark);
    this.#partitions.set(place, known);
  }

  /** Nothing is known when all of it lies behind, or when the reading went back: then somebody wants it again, or the topic is another. */
  #known<T>(batch: RecordBatch<T>): Remembered | undefined {
    const known = this.#partitions.get(placeOf(batch));
    const offset = batch.records[0]!.message.offset;
    if (known !== undefined && offset >= known.next && offset < known.horizon) return known;
    this.#partitions.delete(placeOf(batch));
    return undefined;
  }
}

const placeOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`;
