import type { IncomingMessage, OutgoingMessage } from '#infra/kafka/types.ts';

/** A stored record. `open` while its transaction runs, `aborted` when it was given up, `marker` for the end of a transaction. */
interface Stored {
  readonly message: IncomingMessage;
  readonly state: { kind: 'committed' | 'open' | 'aborted' | 'marker' };
}

/** One partition of the in-memory broker: offsets, last stable offset and read-committed visibility work as in Kafka. */
export class MemoryPartition {
  readonly #records: Stored[] = [];
  readonly #topic: string;
  readonly #partition: number;

  constructor(topic: string, partition: number) {
    this.#topic = topic;
    this.#partition = partition;
  }

  /** Offset after the last record. */
  get highWatermark(): bigint {
    return BigInt(this.#records.length);
  }

  /** Offset of the first record of an open transaction, or the high watermark. */
  get lastStable(): bigint {
    const open = this.#records.findIndex((r) => r.state.kind === 'open');
    return BigInt(open < 0 ? this.#records.length : open);
  }

  append(messages: readonly OutgoingMessage[], state: Stored['state'], nowMs: number): bigint {
    const base = this.highWatermark;
    for (const m of messages) {
      this.#records.push({ state, message: this.#stored(m, nowMs) });
    }
    return base;
  }

  appendMarker(nowMs: number): void {
    this.append([{ key: null, value: null }], { kind: 'marker' }, nowMs);
  }

  /** At most `limit` committed records in [from, stop) and the offset after what was looked at. */
  read(from: bigint, limit: number, stop = this.lastStable): { messages: IncomingMessage[]; next: bigint } {
    const messages: IncomingMessage[] = [];
    let next = from;
    for (; next < stop && messages.length < limit; next++) {
      const record = this.#records[Number(next)]!;
      if (record.state.kind === 'committed') messages.push(record.message);
    }
    while (next < stop && this.#records[Number(next)]!.state.kind !== 'committed') next++;
    return { messages, next };
  }

  #stored(m: OutgoingMessage, nowMs: number): IncomingMessage {
    const headers: Record<string, Buffer> = {};
    for (const [name, value] of Object.entries(m.headers ?? {})) headers[name] = Buffer.from(value);
    return {
      topic: this.#topic,
      partition: this.#partition,
      offset: this.highWatermark,
      timestampMs: m.timestampMs ?? nowMs,
      key: m.key && Buffer.from(m.key),
      value: m.value && Buffer.from(m.value),
      headers,
    };
  }
}

/** A topic of the in-memory broker. */
export class MemoryTopic {
  readonly partitions: readonly MemoryPartition[];
  readonly config: Readonly<Record<string, string>>;

  constructor(topic: string, partitions: number, config: Readonly<Record<string, string>>) {
    this.partitions = Array.from({ length: partitions }, (_, p) => new MemoryPartition(topic, p));
    this.config = config;
  }
}
