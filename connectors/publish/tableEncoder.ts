import { type CarriedMask, recordKey, saturated } from '#connectors/capture/carriedRow.ts';
import { snapshotPosition } from '#connectors/capture/position.ts';
import { carriedColumns, codecsOf } from '#connectors/capture/rowReader.ts';
import { type CapturedTable, type ChangeEvent, type Row, UNAVAILABLE } from '#connectors/capture/types.ts';
import { formatLsn, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { OutgoingMessage } from '#infra/kafka/types.ts';
import { hasCode } from '#infra/runtime/errors.ts';
import { avroName, envelopeSchema, keySchema } from '#schemas/avroBuilder.ts';
import { type Encoder, encoderFor } from '#schemas/codec.ts';
import { evolveSchema } from '#schemas/compatibility.ts';
import { connectText } from '#schemas/connectText.ts';
import {
  CAPTURED_HEADER,
  type ChangeEnvelope,
  type ChangeSource,
  EXACT_HEADER,
  NEW_KEY_HEADER,
  OLD_KEY_HEADER,
  POSITION_HEADER,
  type TransactionBlock,
  UNAVAILABLE_VALUE,
} from '#schemas/envelope.ts';
import type { SchemaRegistry } from '#schemas/registry.ts';
import type { TableShape } from '#schemas/tableShape.ts';

/** Version in the source block of every record. */
const VERSION = '0.1.0';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE_VALUE);
const DECIMALS = new Set(['decimal', 'numeric', 'money', 'smallmoney']);

/** The shape a table's schemas are built from. */
export function shapeOf(table: CapturedTable): TableShape {
  const { schema, table: name } = table.instance;
  const columns = carriedColumns(table.instance).map((c) =>
    c.mask ? { ...c, defaultText: null, parameters: marksOf(c.mask) } : c,
  );
  return { database: table.database, schema, name, columns, keyColumns: recordKey(table) };
}

/** How Debezium marks columns whose values are not what they were. */
function marksOf(mask: CarriedMask): Record<string, string> {
  return mask.kind === 'truncate' ? { truncateLength: String(mask.length) } : { masked: 'true' };
}

/** A column whose values may not be what the schema wants. */
interface SpecialColumn {
  readonly column: string;
  /** Its name in Avro. */
  readonly field: string;
  /** What stands for a value that is not there. */
  readonly placeholder: string | Buffer;
}

/** What is known of a change besides itself. */
export interface ChangePlace {
  /** Debezium's event_serial_no; null for a row of a snapshot. */
  readonly serial: bigint | null;
  readonly transaction: TransactionBlock | null;
}

/** Turns the changes of one version of a table into Kafka messages. */
export class TableEncoder {
  readonly topic: string;
  /** False for a table whose records have none. */
  readonly hasKey: boolean;
  /** Columns that are NOT NULL at the source and nullable in the topic, because its older readers need it so. */
  readonly keptNullable: readonly string[];
  readonly #prefix: string;
  readonly #table: CapturedTable;
  readonly #tombstones: boolean;
  readonly #key: Encoder | null;
  readonly #value: Encoder;
  readonly #keyFields: readonly (readonly [column: string, field: string])[];
  readonly #keyDecimals: ReadonlySet<string>;
  readonly #special: readonly SpecialColumn[];
  readonly #renamed: boolean;

  private constructor(options: EncoderOptions, key: Encoder | null, value: Encoder, keptNullable: readonly string[]) {
    const { table } = options;
    this.topic = options.topic;
    this.hasKey = key !== null;
    this.keptNullable = keptNullable;
    this.#prefix = options.prefix;
    this.#table = table;
    this.#tombstones = options.tombstones;
    this.#key = key;
    this.#value = value;
    const keyColumns = recordKey(table);
    this.#keyFields = keyColumns.map((column) => [column, avroName(column)] as const);
    const columns = carriedColumns(table.instance);
    this.#keyDecimals = new Set(columns.filter((c) => DECIMALS.has(c.sqlType)).map((c) => avroName(c.name)));
    this.#renamed = columns.some((c) => avroName(c.name) !== c.name);
    this.#special = codecsOf(table.instance)
      .filter(({ column, large }) => large || column.saturate === true || avroName(column.name) !== column.name)
      .map(({ column }) => ({
        column: column.name,
        field: avroName(column.name),
        placeholder: BYTES.has(column.sqlType) ? UNAVAILABLE_BYTES : UNAVAILABLE_VALUE,
      }));
  }

  /** Registers both schemas. @throws SluiceError SCHEMA_INCOMPATIBLE, SCHEMA_UNSUPPORTED, SCHEMA_REGISTRY_UNREACHABLE */
  static async create(registry: SchemaRegistry, options: EncoderOptions, signal: AbortSignal): Promise<TableEncoder> {
    const shape = shapeOf(options.table);
    const wanted = keySchema(options.prefix, shape);
    const key = wanted && (await evolveSchema(registry, `${options.topic}-key`, wanted, {}, signal));
    const subject = `${options.topic}-value`;
    const uncertain = new Set(
      carriedColumns(options.table.instance).flatMap((c) => (c.uncertain ? avroName(c.name) : [])),
    );
    const value = await evolveSchema(registry, subject, envelopeSchema(options.prefix, shape), { uncertain }, signal);
    return new TableEncoder(
      options,
      key && encoderFor(key.id, key.schema),
      encoderFor(value.id, value.schema),
      value.keptNullable,
    );
  }

  /** The record of a change, and after a delete its tombstone. @throws SluiceError SCHEMA_VALUE_UNFIT */
  encode(event: ChangeEvent, place: ChangePlace): OutgoingMessage[] {
    const key = event.asPublished?.recordKey ?? this.#keyBytes((event.keyOnly ?? event.after ?? event.before)!);
    const headers = this.#headers(event);
    const value = this.#value.encode(this.#envelope(event, place));
    if (event.op !== 'd' || !this.#tombstones || key === null) return [{ key, value, headers }];
    return [
      { key, value, headers },
      { key, value: null, headers },
    ];
  }

  /** Whether a row as it stands in the topic can be written with the present schema. */
  fits(row: Row): boolean {
    const position = snapshotPosition(ZERO_LSN);
    const times = { commitTimeMs: 0, capturedAtMs: 0, resumeAt: null };
    const lsns = { commitLsn: ZERO_LSN, changeLsn: null, position };
    const asPublished = { recordKey: Buffer.alloc(0) };
    const event: ChangeEvent = {
      table: this.#table,
      op: 'd',
      before: row,
      after: null,
      ...lsns,
      ...times,
      asPublished,
    };
    try {
      this.#value.encode(this.#envelope(event, { serial: null, transaction: null }));
      return true;
    } catch (error) {
      if (hasCode(error, 'SCHEMA_VALUE_UNFIT')) return false;
      throw error;
    }
  }

  #keyBytes(row: Row): Buffer | null {
    return this.#key?.encode(this.#keyOf(row)) ?? null;
  }

  #keyOf(row: Row): Row {
    const key: Record<string, unknown> = {};
    for (const [column, field] of this.#keyFields) key[field] = row[column];
    return key;
  }

  #headers(event: ChangeEvent): Record<string, string> {
    const headers: Record<string, string> = {
      [POSITION_HEADER]: event.position,
      [CAPTURED_HEADER]: String(event.capturedAtMs),
    };
    if (event.moved && this.hasKey) {
      const name = event.op === 'd' ? NEW_KEY_HEADER : OLD_KEY_HEADER;
      headers[name] = connectText(this.#keyOf(event.moved.other), this.#keyDecimals);
    }
    if (this.#special.length > 0) {
      const exact = this.#exactTimes(event);
      if (exact !== null) headers[EXACT_HEADER] = exact;
    }
    return headers;
  }

  #envelope(event: ChangeEvent, { serial, transaction }: ChangePlace): ChangeEnvelope<Row> {
    const ms = BigInt(event.capturedAtMs);
    return {
      before: event.asPublished ? event.before : this.#fields(event.before),
      after: this.#fields(event.after),
      source: this.#source(event, serial),
      transaction,
      op: event.op,
      ts_ms: ms,
      ts_us: ms * 1000n,
      ts_ns: ms * 1_000_000n,
    };
  }

  #source(event: ChangeEvent, serial: bigint | null): ChangeSource {
    const { database, instance } = this.#table;
    const ms = BigInt(event.commitTimeMs);
    return {
      version: VERSION,
      connector: 'sqlserver',
      name: this.#prefix,
      ts_ms: ms,
      snapshot: event.op === 'r' ? 'true' : 'false',
      db: database,
      sequence: null,
      ts_us: ms * 1000n,
      ts_ns: ms * 1_000_000n,
      schema: instance.schema,
      table: instance.table,
      change_lsn: event.changeLsn && formatLsn(event.changeLsn),
      commit_lsn: formatLsn(event.commitLsn),
      event_serial_no: serial,
    };
  }

  /** The row as the schema wants it: placeholders for large values that are not there, times that fit, Avro's names. */
  #fields(row: Row | null): Row | null {
    if (!row || this.#special.length === 0) return row;
    let fields = row as Record<string, unknown>;
    if (this.#renamed) fields = { ...row };
    for (const { column, field, placeholder } of this.#special) {
      const value = row[column];
      const fit = value === UNAVAILABLE ? placeholder : (saturated(value)?.value ?? value);
      if (fit === value && field === column) continue;
      if (fields === row) fields = { ...row };
      if (field !== column) delete fields[column];
      fields[field] = fit;
    }
    return fields;
  }

  /** The exact texts of times that do not fit their fields, as JSON by image and field; null when all fit. */
  #exactTimes(event: ChangeEvent): string | null {
    let exact: Record<string, Record<string, string>> | null = null;
    for (const image of ['before', 'after'] as const) {
      const row = event[image];
      if (row === null) continue;
      for (const { column, field } of this.#special) {
        const value = saturated(row[column]);
        if (value === null) continue;
        exact ??= {};
        exact[image] ??= {};
        exact[image][field] = value.text;
      }
    }
    return exact && JSON.stringify(exact);
  }
}

export interface EncoderOptions {
  readonly prefix: string;
  readonly table: CapturedTable;
  readonly topic: string;
  readonly tombstones: boolean;
}

const BYTES = new Set(['image', 'varbinary']);
