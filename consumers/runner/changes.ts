import type { IncomingMessage } from '#infra/kafka/types.ts';
import type { Row } from '#infra/runtime/config/catalog.ts';
import { isRetriable, SluiceError } from '#infra/runtime/errors.ts';
import type { Decoder } from '#schemas/codec.ts';
import { type ChangeEnvelope, POSITION_HEADER } from '#schemas/envelope.ts';
import { isPosition } from './position.ts';
import type { StageTimes } from './stageTimes.ts';

/** Reads the Confluent wire format: Avro bytes after a schema id. Rejects with a retriable error while the registry is away. */
export type RecordDecoder = Pick<Decoder, 'decode' | 'decodeNow'>;

/** One change of one row, in the source's own order. */
export interface Change {
  /** `schema.table`. */
  readonly table: string;
  /** Column → value of the primary key, in key order. */
  readonly key: Row;
  readonly position: string;
  /** c created, u updated, d deleted, r read by a snapshot. A tombstone whose delete was compacted away is a `d` without `before`. */
  readonly op: 'c' | 'u' | 'd' | 'r';
  readonly before: Row | null;
  /** null for a delete. */
  readonly after: Row | null;
  /** Commit time in the source, ms since 1970 UTC; null for a tombstone. */
  readonly sourceTsMs: number | null;
}

/** Turns records of the row topics into changes. `tables` maps topic → `schema.table`; `stages` is told when they were read. */
export class ChangeDecoder {
  readonly #decoder: RecordDecoder;
  readonly #tables: ReadonlyMap<string, string>;
  readonly #stages: StageTimes | undefined;

  constructor(decoder: RecordDecoder, tables: ReadonlyMap<string, string>, stages?: StageTimes) {
    this.#decoder = decoder;
    this.#tables = tables;
    this.#stages = stages;
  }

  /**
   * At once when the schemas are known, which they nearly always are: a promise for each of a thousand records is felt.
   * @throws RECORD_UNREADABLE, RECORD_POSITION_MISSING for a record that can never be read; retriable errors as they come.
   */
  decode(message: IncomingMessage): Change | Promise<Change> {
    const position = positionOf(message);
    try {
      const { key, value } = message;
      const decodedKey = this.#decoder.decodeNow(required(key));
      const envelope = value === null ? null : this.#decoder.decodeNow(value);
      if (decodedKey === undefined || envelope === undefined) return this.#decodeLater(message, position);
      return this.#change(message, position, decodedKey as Row, envelope as ChangeEnvelope<Row> | null);
    } catch (cause) {
      throw unreadable(message, cause);
    }
  }

  async #decodeLater(message: IncomingMessage, position: string): Promise<Change> {
    try {
      const key = (await this.#decoder.decode(required(message.key))) as Row;
      const envelope = message.value === null ? null : await this.#decoder.decode(message.value);
      return this.#change(message, position, key, envelope as ChangeEnvelope<Row> | null);
    } catch (cause) {
      throw unreadable(message, cause);
    }
  }

  #change(message: IncomingMessage, position: string, key: Row, envelope: ChangeEnvelope<Row> | null): Change {
    const table = this.#tables.get(message.topic)!;
    if (envelope === null) return { table, key, position, op: 'd', before: null, after: null, sourceTsMs: null };
    const { before, after, op, source } = envelope;
    if (op !== 'c' && op !== 'u' && op !== 'd' && op !== 'r') throw new Error(`unknown operation ${op}`);
    const sourceTsMs = Number(source.ts_ms);
    this.#stages?.recordRead(message, op === 'r' ? null : sourceTsMs, Date.now());
    return { table, key, position, op, before, after: op === 'd' ? null : after, sourceTsMs };
  }
}

/** Retriable errors are left as they are. */
function unreadable(message: IncomingMessage, cause: unknown): unknown {
  if (isRetriable(cause)) return cause;
  return new SluiceError('RECORD_UNREADABLE', `${where(message)} cannot be decoded.`, { cause, context: at(message) });
}

function required(key: Buffer | null): Buffer {
  if (key === null) throw new Error('the record has no key');
  return key;
}

function positionOf(message: IncomingMessage): string {
  const position = message.headers[POSITION_HEADER]?.toString('utf8');
  if (position !== undefined && isPosition(position)) return position;
  throw new SluiceError(
    'RECORD_POSITION_MISSING',
    `${where(message)} ${position === undefined ? 'lacks' : 'has a malformed'} header ${POSITION_HEADER}.`,
    { context: at(message) },
  );
}

const where = ({ topic, partition, offset }: IncomingMessage): string => `Record ${topic}/${partition}@${offset}`;
const at = ({ topic, partition, offset }: IncomingMessage) => ({ topic, partition, offset: String(offset) });
