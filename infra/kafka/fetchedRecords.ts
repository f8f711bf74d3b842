import { promisify } from 'node:util';
import { gunzip, zstdDecompress } from 'node:zlib';
import { SluiceError } from '#infra/runtime/errors.ts';
import { crc32c } from './patch/crc32c.ts';
import type { IncomingMessage } from './types.ts';

/** A record of a fetch; it does not say where it lies. */
export interface FetchedRecord {
  readonly offset: bigint;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** A header written more than once keeps its last value; one without a value is left out. */
  readonly headers: Readonly<Record<string, Buffer>>;
}

/** What a record set holds for a reader of committed records. */
export interface FetchedRecords {
  /** Without control records and those of aborted transactions; the first may lie before the offset that was asked for. */
  readonly records: readonly FetchedRecord[];
  /** Offset after everything that was looked at, kept or not; null when there was nothing. */
  readonly next: bigint | null;
}

/** A transaction that was given up: its producer's records from `firstOffset` to the abort marker are void. */
export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

/** The record with its place. */
export function toIncoming(topic: string, partition: number, record: FetchedRecord): IncomingMessage {
  const { offset, timestampMs, key, value, headers } = record;
  return { topic, partition, offset, timestampMs, key, value, headers };
}

/** Bytes before what a batch's length counts: base offset and the length itself. */
const LENGTH_OVERHEAD = 12;
const HEADER_BYTES = 61;
const MAGIC = 2;
const [COMPRESSION, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL] = [0x07, 0x08, 0x10, 0x20];
const ABORT_MARKER = 0;

const DECOMPRESS: Readonly<Record<number, (bytes: Buffer) => Promise<Buffer>>> = {
  1: promisify(gunzip) as (bytes: Buffer) => Promise<Buffer>,
  4: promisify(zstdDecompress) as (bytes: Buffer) => Promise<Buffer>,
};
const COMPRESSION_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/**
 * Reads the batches of a record set; one that is cut off at the end is left for the next fetch. The checksum of each is compared, which the
 * library does not do. An aborted transaction covers its producer's records from its first offset to its abort marker.
 * Source: Kafka protocol guide, "Record Batch" and "Record"; KIP-98, "Consumer" on aborted transactions.
 * @throws SluiceError KAFKA_RECORDS_CORRUPT (retriable) when a checksum differs, KAFKA_RECORDS_UNREADABLE for another format or codec
 */
export async function readRecordSet(
  set: Buffer,
  abortedTransactions: readonly AbortedTransaction[],
): Promise<FetchedRecords> {
  const waiting = [...abortedTransactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborted = new Set<bigint>();
  const records: FetchedRecord[] = [];
  let next: bigint | null = null;
  for (let at = 0; at + HEADER_BYTES <= set.length; ) {
    const end = at + LENGTH_OVERHEAD + set.readInt32BE(at + 8);
    if (end > set.length) break;
    const batch = set.subarray(at, end);
    at = end;
    checkBatch(batch);
    const last = batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(23));
    next = last + 1n;
    while (waiting.length > 0 && waiting[0]!.firstOffset <= last) aborted.add(waiting.shift()!.producerId);
    const attributes = batch.readInt16BE(21);
    const producerId = batch.readBigInt64BE(43);
    if (attributes & CONTROL) {
      if (isAbort(batch)) aborted.delete(producerId);
    } else if (!(attributes & TRANSACTIONAL && aborted.has(producerId))) {
      readBatch(batch, await bodyOf(batch, attributes & COMPRESSION), records);
    }
  }
  return { records, next };
}

function checkBatch(batch: Buffer): void {
  const magic = batch.readInt8(16);
  if (magic !== MAGIC) {
    throw new SluiceError('KAFKA_RECORDS_UNREADABLE', `Expected message format ${MAGIC}, found ${magic}`);
  }
  const [expected, found] = [batch.readUInt32BE(17), crc32c(batch, 21, batch.length)];
  if (expected !== found) {
    throw new SluiceError(
      'KAFKA_RECORDS_CORRUPT',
      `Batch at offset ${batch.readBigInt64BE(0)}: expected checksum ${expected}, found ${found}`,
    );
  }
}

async function bodyOf(batch: Buffer, compression: number): Promise<Buffer> {
  const body = batch.subarray(HEADER_BYTES);
  if (compression === 0) return body;
  const decompress = DECOMPRESS[compression];
  if (!decompress) {
    const name = COMPRESSION_NAMES[compression] ?? compression;
    throw new SluiceError('KAFKA_RECORDS_UNREADABLE', `Expected compression none, gzip or zstd, found ${name}`);
  }
  return decompress(body);
}

/** A control record's key is its version and its type, 16 bits each. */
function isAbort(batch: Buffer): boolean {
  const markers: FetchedRecord[] = [];
  readBatch(batch, batch.subarray(HEADER_BYTES), markers);
  return markers[0]?.key?.readInt16BE(2) === ABORT_MARKER;
}

function readBatch(batch: Buffer, body: Buffer, into: FetchedRecord[]): void {
  const baseOffset = batch.readBigInt64BE(0);
  const appendTime = (batch.readInt16BE(21) & LOG_APPEND_TIME) !== 0;
  const baseTimestamp = Number(batch.readBigInt64BE(appendTime ? 35 : 27));
  const count = batch.readInt32BE(57);
  const cursor = new Cursor(body);
  for (let i = 0; i < count; i++) {
    cursor.varint();
    cursor.at++;
    const timestampDelta = cursor.varint();
    const offset = baseOffset + BigInt(cursor.varint());
    const timestampMs = appendTime ? baseTimestamp : baseTimestamp + timestampDelta;
    const key = cursor.bytes();
    const value = cursor.bytes();
    into.push({ offset, timestampMs, key, value, headers: cursor.headers() });
  }
}

const NO_HEADERS: Readonly<Record<string, Buffer>> = Object.freeze({});

/** Reads the fields of records one after the other. */
class Cursor {
  at = 0;
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A zigzag varint of up to 53 bits: timestamps' deltas may need more than 32. */
  varint(): number {
    const bytes = this.#bytes;
    let byte = bytes[this.at++]!;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let value = byte & 0x7f;
    for (let scale = 128; ; scale *= 128) {
      byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Length and bytes; null for a negative length. */
  bytes(): Buffer | null {
    const length = this.varint();
    if (length < 0) return null;
    const start = this.at;
    this.at += length;
    return this.#bytes.subarray(start, this.at);
  }

  headers(): Readonly<Record<string, Buffer>> {
    const count = this.varint();
    if (count === 0) return NO_HEADERS;
    const headers: Record<string, Buffer> = {};
    for (let i = 0; i < count; i++) {
      const name = this.bytes()!.toString('utf8');
      const value = this.bytes();
      if (value !== null) headers[name] = value;
    }
    return headers;
  }
}
