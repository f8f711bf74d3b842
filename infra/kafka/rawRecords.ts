import type { FetchedPartition, RawHeader, RawRecord } from './kafkajsInternals.ts';
import type { IncomingMessage } from './types.ts';

const ABORT_MARKER = Buffer.from([0, 0, 0, 0]);

/** Our form of a record. A header written more than once keeps its last value. */
export function toIncoming(topic: string, partition: number, raw: Omit<RawRecord, 'isControlRecord'>): IncomingMessage {
  return {
    topic,
    partition,
    offset: BigInt(raw.offset),
    timestampMs: Number(raw.timestamp),
    key: raw.key,
    value: raw.value,
    headers: toHeaders(raw.headers),
  };
}

function toHeaders(raw: Readonly<Record<string, RawHeader>> | undefined): Readonly<Record<string, Buffer>> {
  const headers: Record<string, Buffer> = {};
  for (const name in raw) {
    const value = raw[name];
    const last = Array.isArray(value) ? value.at(-1) : (value as Buffer | string | undefined);
    if (last !== undefined && last !== null) headers[name] = Buffer.isBuffer(last) ? last : Buffer.from(last);
  }
  return headers;
}

/**
 * The records of a fetch from `fromOffset` on that committed transactions (or none) wrote. An aborted transaction covers its producer's
 * records from its first offset to its abort marker. Source: KIP-98, "Consumer" section on aborted transactions.
 */
export function committedRecords(fetched: FetchedPartition, fromOffset: bigint): RawRecord[] {
  const waiting = [...(fetched.abortedTransactions ?? [])].sort((a, b) =>
    BigInt(a.firstOffset) < BigInt(b.firstOffset) ? -1 : 1,
  );
  const aborted = new Set<string>();
  const kept: RawRecord[] = [];
  for (const record of fetched.messages) {
    const offset = BigInt(record.offset);
    while (waiting.length > 0 && BigInt(waiting[0]!.firstOffset) <= offset) aborted.add(waiting.shift()!.producerId);
    const producerId = record.batchContext?.producerId;
    if (record.isControlRecord) {
      if (producerId !== undefined && record.key && Buffer.from(record.key).equals(ABORT_MARKER))
        aborted.delete(producerId);
      continue;
    }
    if (offset < fromOffset) continue;
    if (record.batchContext?.inTransaction && producerId !== undefined && aborted.has(producerId)) continue;
    kept.push(record);
  }
  return kept;
}
