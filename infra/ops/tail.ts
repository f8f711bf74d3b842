import type { IncomingMessage, KafkaClient, PartitionOffsets } from '#infra/kafka/types.ts';
import { type Clock, systemClock } from '#infra/runtime/clock.ts';
import type { Decoder } from '#schemas/codec.ts';
import { POSITION_HEADER } from '#schemas/envelope.ts';

/** A committed record, readable. Bytes are `0x…`, longs and decimals text. */
export interface TailedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
  /** ISO 8601. */
  readonly time: string;
  /** Place in the source's order; null for records of other topics. */
  readonly position: string | null;
  readonly key: unknown;
  /** Null for a tombstone. */
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export interface TailOptions {
  readonly kafka: KafkaClient;
  readonly decoder: Decoder;
  readonly topic: string;
  /** Where each partition to read begins. */
  readonly from: PartitionOffsets;
  /** Only records at or after this LSN (20 hexadecimal digits); those without a position are left out then. */
  readonly fromLsn?: string;
  /** Only records whose key has these columns, values as text. */
  readonly key?: ReadonlyMap<string, string>;
  /** Most records; Infinity for all. */
  readonly limit: number;
  /** Go on with what is written from now on, until the signal fires or the limit is reached. */
  readonly follow: boolean;
  readonly onRecord: (record: TailedRecord) => void;
  readonly clock?: Clock;
}

/** How often a followed topic is looked at, ms. */
const FOLLOW_EVERY_MS = 250;
/** Byte 0 begins a record in the Confluent wire format. */
const FRAMED = 0;

/**
 * Reads committed records of a topic in readable form: partition by partition up to the end, then, when following, as they come.
 * Transaction markers and records of aborted transactions are never shown. @returns how many were given
 */
export async function tailTopic(options: TailOptions, signal: AbortSignal): Promise<number> {
  const { kafka, topic, limit, follow, onRecord, clock = systemClock } = options;
  let next: PartitionOffsets = options.from;
  let given = 0;
  while (!signal.aborted && given < limit) {
    const read = await kafka.readTopic({
      topic,
      partitions: [...options.from.keys()],
      from: next,
      signal,
      onBatch: async ({ messages }) => {
        for (const message of messages) {
          const record = await wanted(options, message);
          if (!record) continue;
          onRecord(record);
          if (++given >= limit) return false;
        }
        return true;
      },
    });
    if (!follow) break;
    next = new Map([...next, ...read]);
    if (given < limit) await clock.sleep(FOLLOW_EVERY_MS, signal).catch(() => undefined);
  }
  return given;
}

async function wanted({ decoder, fromLsn, key }: TailOptions, message: IncomingMessage): Promise<TailedRecord | null> {
  const position = message.headers[POSITION_HEADER]?.toString() ?? null;
  if (fromLsn !== undefined && (position === null || position < fromLsn)) return null;
  const decodedKey = await readable(decoder, message.key);
  if (key && !hasKey(decodedKey, key)) return null;
  return {
    topic: message.topic,
    partition: message.partition,
    offset: String(message.offset),
    time: new Date(message.timestampMs).toISOString(),
    position,
    key: decodedKey,
    value: await readable(decoder, message.value),
    headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, value.toString()])),
  };
}

function hasKey(key: unknown, columns: ReadonlyMap<string, string>): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const found = key as Readonly<Record<string, unknown>>;
  return [...columns].every(([column, text]) => String(found[column] ?? '').trimEnd() === text);
}

/** Avro is decoded, JSON parsed, other text kept; bytes that are none of these as hexadecimal digits. */
async function readable(decoder: Decoder, bytes: Buffer | null): Promise<unknown> {
  if (bytes === null) return null;
  if (bytes[0] === FRAMED) return plain(await decoder.decode(bytes));
  const text = bytes.toString('utf8');
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return Buffer.from(text).equals(bytes) ? text : hex(bytes);
  }
}

const hex = (bytes: Buffer): string => `0x${bytes.toString('hex')}`;

/** The same value with what JSON does not know as text. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (Buffer.isBuffer(value)) return hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}
