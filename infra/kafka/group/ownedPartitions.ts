import type { IncomingMessage } from '../types.ts';
import { type Assignment, difference, placeOf } from './assignor.ts';

/** What one fetch brought for a partition. */
interface Chunk {
  readonly messages: readonly IncomingMessage[];
  readonly bytes: number;
  /** Offset after everything that was looked at, records or not. */
  readonly next: bigint;
  readonly highWatermark: bigint;
}

/** What a handler is given at once. */
export interface Taken extends Chunk {
  /** The partition's epoch when it was taken: another one later means that it was moved by a seek or given away. */
  readonly epoch: number;
}

/** A partition of this member: where it is read on, and what waits to be handled. */
export class OwnedPartition {
  readonly topic: string;
  readonly partition: number;
  /** Next offset to fetch; null until the committed one is known. */
  position: bigint | null = null;
  /** Raised by a seek and when the partition is given away. */
  epoch = 0;
  /** A handler works on it. */
  busy: Promise<void> | null = null;
  /** No more batches are begun: the partition is about to go. */
  leaving = false;
  /** When a handler was last done with it, in turns. */
  servedAt = 0;
  readonly #queue: Chunk[] = [];
  #bytes = 0;

  constructor(topic: string, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  get place(): string {
    return placeOf(this.topic, this.partition);
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  get hasWork(): boolean {
    return this.#queue.length > 0;
  }

  push(chunk: Chunk): void {
    this.#queue.push(chunk);
    this.#bytes += chunk.bytes;
    this.position = chunk.next;
  }

  /** The waiting chunks as one, up to a size; at least one. */
  take(maxBytes: number): Taken {
    const chunks = [this.#queue.shift()!];
    let bytes = chunks[0]!.bytes;
    while (this.#queue.length > 0 && bytes + this.#queue[0]!.bytes <= maxBytes) {
      const chunk = this.#queue.shift()!;
      bytes += chunk.bytes;
      chunks.push(chunk);
    }
    this.#bytes -= bytes;
    const { next, highWatermark } = chunks.at(-1)!;
    const messages = chunks.length === 1 ? chunks[0]!.messages : chunks.flatMap((chunk) => chunk.messages);
    return { messages, bytes, next, highWatermark, epoch: this.epoch };
  }

  /** Reads on elsewhere; what waits and what is in hand counts no more. */
  moveTo(position: bigint | null): void {
    this.epoch++;
    this.#queue.length = 0;
    this.#bytes = 0;
    this.position = position;
  }
}

/** The partitions a member owns. */
export class OwnedPartitions {
  readonly #byPlace = new Map<string, OwnedPartition>();

  all(): IterableIterator<OwnedPartition> {
    return this.#byPlace.values();
  }

  get(topic: string, partition: number): OwnedPartition | undefined {
    return this.#byPlace.get(placeOf(topic, partition));
  }

  /** Whether it is still the one the group counts on. */
  has(owned: OwnedPartition): boolean {
    return this.#byPlace.get(owned.place) === owned;
  }

  get count(): number {
    return this.#byPlace.size;
  }

  assignment(): Assignment {
    const topics = new Map<string, number[]>();
    for (const { topic, partition } of this.#byPlace.values()) {
      const list = topics.get(topic);
      if (list) list.push(partition);
      else topics.set(topic, [partition]);
    }
    return topics;
  }

  /** Adds what is new in the assignment and gives it back. */
  add(assignment: Assignment): OwnedPartition[] {
    const added: OwnedPartition[] = [];
    for (const [topic, partitions] of difference(assignment, this.assignment())) {
      for (const partition of partitions) {
        const owned = new OwnedPartition(topic, partition);
        this.#byPlace.set(owned.place, owned);
        added.push(owned);
      }
    }
    return added;
  }

  /** Gives partitions away: their handlers find themselves stale. */
  remove(gone: Iterable<OwnedPartition>): void {
    for (const owned of gone) {
      owned.moveTo(null);
      this.#byPlace.delete(owned.place);
    }
  }

  listed(assignment: Assignment): OwnedPartition[] {
    const found: OwnedPartition[] = [];
    for (const [topic, partitions] of assignment)
      for (const partition of partitions) {
        const owned = this.get(topic, partition);
        if (owned) found.push(owned);
      }
    return found;
  }
}
