import { recordKey } from '#connectors/capture/carriedRow.ts';
import type { Position } from '#connectors/capture/position.ts';
import type { CapturedTable, EarlierRow, Row } from '#connectors/capture/types.ts';
import type { IncomingMessage, KafkaClient } from '#infra/kafka/types.ts';
import type { Logger } from '#infra/runtime/logger.ts';
import { avroName } from '#schemas/avroBuilder.ts';
import type { Decoder } from '#schemas/codec.ts';
import { type ChangeEnvelope, POSITION_HEADER } from '#schemas/envelope.ts';

/** Keys that are remembered at once; a partition with more is gone through several times. About 60 MB with keys of 20 bytes. */
const MAX_KEYS = 400_000;
/** Rows of one group. */
const GROUP = 500;
const HASH_END = 2 ** 32;

export interface EarlierRowsOptions {
  readonly kafka: Pick<KafkaClient, 'readTopic' | 'topicOffsets'>;
  readonly decoder: Decoder;
  readonly topic: string;
  readonly table: CapturedTable;
  /** Whether the row can be written with the table's present schema. */
  readonly fits: (row: Row) => boolean;
  readonly log: Logger;
  readonly maxKeys?: number;
}

/**
 * The keys that live in a table's topic and whose newest record stands before a position, in groups. Each partition is read twice, first for
 * the newest record of each key, then for those that are wanted. Only a record's key that is the table's primary key says which row it is.
 */
export async function* earlierRows(
  options: EarlierRowsOptions,
  before: Position,
  signal: AbortSignal,
): AsyncGenerator<readonly EarlierRow[]> {
  const { kafka, topic, table, log } = options;
  const { keyColumns, columns } = table.instance;
  const isMasked = (name: string): boolean => columns.find((c) => c.name === name)?.mask !== undefined;
  const sameKey = recordKey(table).join('\n') === keyColumns.join('\n');
  if (keyColumns.length === 0 || !sameKey || keyColumns.some(isMasked)) {
    log.warn({ event: 'topic_not_swept', table: table.id, reason: 'its records are not keyed by the primary key' });
    return;
  }
  for (const [partition, { begin, end }] of await kafka.topicOffsets(topic)) {
    for (let from = 0; from < HASH_END; ) {
      const scan = { partition, begin, end };
      const found = await newestBefore(options, scan, from, before, signal);
      yield* rowsAt(options, scan, found.offsets, signal);
      from = found.to;
    }
  }
}

interface Scan {
  readonly partition: number;
  readonly begin: bigint;
  readonly end: bigint;
}

/** Offsets of the newest records of the keys with a hash in [from, to); `to` is as far as memory allows. */
async function newestBefore(
  { kafka, topic, maxKeys = MAX_KEYS }: EarlierRowsOptions,
  { partition, begin, end }: Scan,
  from: number,
  before: Position,
  signal: AbortSignal,
): Promise<{ readonly offsets: ReadonlySet<bigint>; readonly to: number }> {
  const offsets = new Map<string, bigint>();
  let to = HASH_END;
  const take = ({ key, value, headers, offset }: IncomingMessage): void => {
    if (key === null || offset >= end) return;
    const hash = hashOf(key);
    if (hash < from || hash >= to) return;
    const name = key.toString('latin1');
    const position = headers[POSITION_HEADER]?.toString();
    // A delete has its tombstone behind it; without tombstones the envelope is looked at when it is read again.
    if (value === null || position === undefined || position >= before) offsets.delete(name);
    else offsets.set(name, offset);
    while (offsets.size > maxKeys && to - from > 1) {
      to = from + Math.floor((to - from) / 2);
      for (const known of offsets.keys()) if (hashOf(Buffer.from(known, 'latin1')) >= to) offsets.delete(known);
    }
  };
  await kafka.readTopic({
    topic,
    partitions: [partition],
    from: new Map([[partition, begin]]),
    signal,
    onBatch: ({ messages }) => {
      for (const message of messages) take(message);
      return messages.at(-1)!.offset < end;
    },
  });
  return { offsets: new Set(offsets.values()), to };
}

/** The rows of the records at these offsets, in groups. */
async function* rowsAt(
  options: EarlierRowsOptions,
  { partition, end }: Scan,
  offsets: ReadonlySet<bigint>,
  signal: AbortSignal,
): AsyncGenerator<readonly EarlierRow[]> {
  const { kafka, topic } = options;
  let next = [...offsets].reduce((lowest, offset) => (offset < lowest ? offset : lowest), end);
  while (next < end) {
    const found: IncomingMessage[] = [];
    const reached = await kafka.readTopic({
      topic,
      partitions: [partition],
      from: new Map([[partition, next]]),
      signal,
      onBatch: ({ messages }) => {
        for (const message of messages) if (offsets.has(message.offset)) found.push(message);
        next = messages.at(-1)!.offset + 1n;
        return found.length < GROUP && next < end;
      },
    });
    if (found.length < GROUP) next = max(next, reached.get(partition) ?? end);
    const rows: EarlierRow[] = [];
    for (const message of found) {
      const row = await earlierRow(options, message);
      if (row) rows.push(row);
    }
    if (rows.length > 0) yield rows;
  }
}

/** Null for a delete. */
async function earlierRow(options: EarlierRowsOptions, message: IncomingMessage): Promise<EarlierRow | null> {
  const { decoder, table, fits } = options;
  const recordKey = message.key!;
  const envelope = (await decoder.decode(message.value!)) as ChangeEnvelope<Row>;
  if (envelope.op === 'd' || !envelope.after) return null;
  const fields = (await decoder.decode(recordKey)) as Row;
  const key: Record<string, unknown> = {};
  for (const column of table.instance.keyColumns) key[column] = fields[avroName(column)];
  const row = presentFields(table, envelope.after);
  return { recordKey, key, row: fits(row) ? row : null };
}

/** The row with the fields the table has now: columns that came later are NULL, those that went are left out. */
function presentFields(table: CapturedTable, row: Row): Row {
  const fields: Record<string, unknown> = {};
  for (const { name, computed } of table.instance.columns)
    if (!computed) fields[avroName(name)] = row[avroName(name)] ?? null;
  return fields;
}

/** FNV-1a, to cut the keys of a partition into parts that fit into memory. */
function hashOf(key: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of key) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
