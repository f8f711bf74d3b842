import type { KeyedSender } from '#consumers/runner/sender.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import { retry } from '#infra/runtime/retry.ts';
import type { Delivery, WebhookEvent } from './webhookTypes.ts';

/** A message that waits: it failed, or stands behind one of its key that did. */
export interface Parked extends Delivery {
  /** Failed attempts. */
  readonly attempts: number;
  /** ms since 1970 of the first failed attempt; null for one that was not tried yet. */
  readonly failedSinceMs: number | null;
  /** ms since 1970. */
  readonly nextAtMs: number;
}

/** As it is stored: JSON has no bigint. */
interface StoredParked extends Omit<Parked, 'seq'> {
  readonly seq: string;
}

export interface ParkedPartitionOptions {
  readonly kafka: KafkaClient;
  readonly sender: KeyedSender;
  readonly topic: string;
  readonly partition: number;
  readonly endpoint: string;
}

const idOf = ({ event, replay }: Delivery): string => (replay === null ? event.id : `${event.id}|${replay}`);

/**
 * The messages of one endpoint that wait, in one partition of the topic that keeps them: the same number as the partition of events they come
 * from, so whoever owns those owns these. Every change is stored before it counts.
 */
export class ParkedPartition {
  readonly #options: ParkedPartitionOptions;
  /** Id → message. */
  #waiting = new Map<string, Parked>();
  /** Key → ids in the order of their events. */
  #queues = new Map<string, string[]>();
  /** What changed while the topic is read: id → message, or null when it was settled. */
  #meanwhile: Map<string, Parked | null> | undefined;
  #loaded: Promise<void> = Promise.resolve();
  #isLoaded = false;

  constructor(options: ParkedPartitionOptions) {
    this.#options = options;
  }

  /** Resolves when what is stored is known. */
  get loaded(): Promise<void> {
    return this.#loaded;
  }

  get size(): number {
    return this.#waiting.size;
  }

  has(delivery: Delivery): boolean {
    return this.#waiting.has(idOf(delivery));
  }

  hasKey(key: string): boolean {
    return this.#queues.has(key);
  }

  /** The oldest message of every key; none while the stored ones are being read. */
  heads(): Parked[] {
    if (!this.#isLoaded) return [];
    return [...this.#queues.values()].map(([id]) => this.#waiting.get(id!)!);
  }

  /** Reads the stored messages anew: another process may have had the partition meanwhile. */
  load(signal: AbortSignal): Promise<void> {
    this.#isLoaded = false;
    this.#loaded = retry(() => this.#load(signal), { attempts: Number.POSITIVE_INFINITY, signal });
    this.#loaded.catch(() => undefined);
    return this.#loaded;
  }

  /** Stores a message, or what became of it after another attempt. */
  async put(parked: Parked, signal?: AbortSignal): Promise<void> {
    const stored: StoredParked = { ...parked, seq: String(parked.seq) };
    await this.#store(parked, Buffer.from(JSON.stringify(stored)), signal);
    this.#change(idOf(parked), parked);
  }

  /** Takes a message away. */
  async settle(delivery: Delivery, signal?: AbortSignal): Promise<void> {
    await this.#store(delivery, null, signal);
    this.#change(idOf(delivery), null);
  }

  async #store(delivery: Delivery, value: Buffer | null, signal: AbortSignal | undefined): Promise<void> {
    const { sender, topic, partition, endpoint } = this.#options;
    await sender.sendTo(topic, partition, [{ key: Buffer.from(`${endpoint}|${idOf(delivery)}`), value }], signal);
  }

  #change(id: string, parked: Parked | null): void {
    this.#meanwhile?.set(id, parked);
    if (parked !== null && this.#waiting.has(id)) {
      this.#waiting.set(id, parked);
      return;
    }
    if (parked === null) this.#waiting.delete(id);
    else this.#waiting.set(id, parked);
    this.#order();
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { kafka, topic, partition, endpoint } = this.#options;
    const found = new Map<string, Parked>();
    const meanwhile = new Map<string, Parked | null>();
    this.#meanwhile = meanwhile;
    const prefix = `${endpoint}|`;
    const onBatch = ({ messages }: { readonly messages: readonly IncomingMessage[] }): void => {
      for (const { key, value } of messages) {
        const name = key?.toString() ?? '';
        if (!name.startsWith(prefix)) continue;
        if (value === null) found.delete(name.slice(prefix.length));
        else found.set(name.slice(prefix.length), parse(value));
      }
    };
    await kafka.readTopic({ topic, partitions: [partition], from: 'beginning', onBatch, signal });
    for (const [id, parked] of meanwhile)
      if (parked === null) found.delete(id);
      else found.set(id, parked);
    if (this.#meanwhile === meanwhile) this.#meanwhile = undefined;
    this.#waiting = found;
    this.#isLoaded = true;
    this.#order();
  }

  #order(): void {
    const inOrder = [...this.#waiting].sort(([, a], [, b]) => Number(a.seq - b.seq));
    const queues = Map.groupBy(inOrder, ([, { event }]) => event.key);
    this.#queues = new Map([...queues].map(([key, entries]) => [key, entries.map(([id]) => id)]));
  }
}

function parse(value: Buffer): Parked {
  const { seq, ...rest } = JSON.parse(value.toString('utf8')) as StoredParked;
  return { ...rest, seq: BigInt(seq) };
}

/** How many messages wait for each endpoint, over all partitions; for people. */
export async function parkedCounts(
  kafka: KafkaClient,
  topic: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, { readonly count: number; readonly oldest: WebhookEvent }>> {
  const waiting = new Map<string, Parked>();
  await kafka.readTopic({
    topic,
    from: 'beginning',
    signal,
    onBatch: ({ messages }) => {
      for (const { key, value } of messages)
        if (value === null) waiting.delete(key?.toString() ?? '');
        else waiting.set(key?.toString() ?? '', parse(value));
    },
  });
  const byEndpoint = Map.groupBy(waiting, ([id]) => id.slice(0, id.indexOf('|')));
  return new Map(
    [...byEndpoint].map(([name, entries]) => {
      const events = entries.map(([, { event }]) => event).sort((a, b) => (a.at < b.at ? -1 : 1));
      return [name, { count: entries.length, oldest: events[0]! }];
    }),
  );
}
