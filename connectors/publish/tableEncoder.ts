import { carriedColumns } from '#connectors/capture/rowReader.ts';
import { type CapturedTable, type ChangeEvent, type Row, UNAVAILABLE } from '#connectors/capture/types.ts';
import { formatLsn } from '#connectors/sqlserver/lsn.ts';
import type { OutgoingMessage } from '#infra/kafka/types.ts';
import { avroName, envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { createEncoder, type Encoder } from '#schemas/codec.ts';
import {
  CAPTURED_HEADER,
  type ChangeEnvelope,
  type ChangeSource,
  POSITION_HEADER,
  UNAVAILABLE_VALUE,
} from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import { type TableShape, topicOf } from '#schemas/tableShape.ts';

/** Version in the source block of every record. */
const VERSION = '0.1.0';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE_VALUE);

/** The shape a table's schemas are built from. */
export function shapeOf(table: CapturedTable): TableShape {
  const { schema, table: name, keyColumns } = table.instance;
  return { database: table.database, schema, name, columns: carriedColumns(table.instance), keyColumns };
}

/** Turns the changes of one table into Kafka messages. */
export class TableEncoder {
  readonly topic: string;
  readonly #prefix: string;
  readonly #table: CapturedTable;
  readonly #key: Encoder;
  readonly #value: Encoder;
  /** Column → field, where Avro does not allow the column's name. */
  readonly #renamed: readonly (readonly [column: string, field: string])[];
  readonly #bytes: ReadonlySet<string>;

  private constructor(prefix: string, table: CapturedTable, topic: string, key: Encoder, value: Encoder) {
    this.topic = topic;
    this.#prefix = prefix;
    this.#table = table;
    this.#key = key;
    this.#value = value;
    const columns = carriedColumns(table.instance);
    this.#renamed = columns
      .map((c) => [c.name, avroName(c.name)] as const)
      .filter(([column, field]) => column !== field);
    this.#bytes = new Set(columns.filter((c) => c.sqlType === 'image' || c.sqlType === 'varbinary').map((c) => c.name));
  }

  /** Registers both schemas. @throws SluiceError SCHEMA_INCOMPATIBLE, SCHEMA_REGISTRY_UNREACHABLE */
  static async create(
    registry: SchemaRegistry,
    prefix: string,
    table: CapturedTable,
    signal: AbortSignal,
  ): Promise<TableEncoder> {
    const shape = shapeOf(table);
    const topic = topicOf(prefix, shape);
    const key = await createEncoder(registry, `${topic}-key`, keySchema(prefix, shape)!, signal);
    const value = await createEncoder(registry, `${topic}-value`, envelopeSchema(prefix, shape), signal);
    return new TableEncoder(prefix, table, topic, key, value);
  }

  /** The record of a change, and after a delete its tombstone. */
  encode(event: ChangeEvent): OutgoingMessage[] {
    const row = (event.after ?? event.before)!;
    const key = this.#key.encode(this.#keyOf(row));
    const headers = { [POSITION_HEADER]: event.position, [CAPTURED_HEADER]: String(event.capturedAtMs) };
    const value = this.#value.encode(this.#envelope(event));
    if (event.op !== 'd') return [{ key, value, headers }];
    return [
      { key, value, headers },
      { key, value: null, headers },
    ];
  }

  #keyOf(row: Row): Row {
    const key: Record<string, unknown> = {};
    for (const column of this.#table.instance.keyColumns) key[avroName(column)] = row[column];
    return key;
  }

  #envelope(event: ChangeEvent): ChangeEnvelope<Row> {
    const ms = BigInt(event.capturedAtMs);
    return {
      before: this.#fields(event.before),
      after: this.#fields(event.after),
      source: this.#source(event),
      transaction: null,
      op: event.op,
      ts_ms: ms,
      ts_us: ms * 1000n,
      ts_ns: ms * 1_000_000n,
    };
  }

  #source(event: ChangeEvent): ChangeSource {
    const { database, instance } = this.#table;
    const ms = BigInt(event.commitTimeMs);
    const snapshot = event.op === 'r';
    return {
      version: VERSION,
      connector: 'sqlserver',
      name: this.#prefix,
      ts_ms: ms,
      snapshot: snapshot ? 'true' : 'false',
      db: database,
      sequence: null,
      ts_us: ms * 1000n,
      ts_ns: ms * 1_000_000n,
      schema: instance.schema,
      table: instance.table,
      change_lsn: event.changeLsn && formatLsn(event.changeLsn),
      commit_lsn: formatLsn(event.commitLsn),
      event_serial_no: snapshot ? null : event.op === 'u' ? 2n : 1n,
    };
  }

  /** The row as the schema wants it: placeholders for large values that are not there, Avro's names. */
  #fields(row: Row | null): Row | null {
    if (!row) return null;
    let fields = row as Record<string, unknown>;
    for (const column in row) {
      if (row[column] !== UNAVAILABLE) continue;
      if (fields === row) fields = { ...row };
      fields[column] = this.#bytes.has(column) ? UNAVAILABLE_BYTES : UNAVAILABLE_VALUE;
    }
    if (this.#renamed.length > 0) {
      fields = { ...fields };
      for (const [column, field] of this.#renamed) {
        fields[field] = fields[column];
        delete fields[column];
      }
    }
    return fields;
  }
}
