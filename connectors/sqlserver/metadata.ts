import type { Queryable } from './connection.ts';
import { type Lsn, lsnFromBuffer } from './lsn.ts';
import { CAPTURE_INSTANCES, CAPTURED_COLUMNS, PRIMARY_KEYS } from './queries.ts';

/** A captured column as the source table's catalog and CDC describe it. */
export interface SourceColumn {
  readonly name: string;
  /** Base type name in lower case; rowversion is `timestamp`. */
  readonly sqlType: string;
  /** Bytes; -1 for (max) types. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
  readonly nullable: boolean;
  /** CDC gives NULL for these. */
  readonly computed: boolean;
  /** Place in the capture instance, from 1; the bit in the update mask. */
  readonly ordinal: number;
}

/** One capture instance of one table. */
export interface CaptureInstance {
  readonly name: string;
  readonly schema: string;
  readonly table: string;
  /** First LSN it can answer for; moves up when CDC cleans up. */
  readonly startLsn: Lsn;
  /** Builds before 2012–2016 updates lack the statement number. */
  readonly hasCommandId: boolean;
  /** All captured columns in ordinal order. */
  readonly columns: readonly SourceColumn[];
  /** Primary key columns in key order; empty when the table has none. */
  readonly keyColumns: readonly string[];
}

interface InstanceRow {
  readonly capture_instance: string;
  readonly object_id: number;
  readonly source_object_id: number;
  readonly start_lsn: Buffer | null;
  readonly schema_name: string;
  readonly table_name: string;
  readonly has_command_id: number;
}

interface ColumnRow {
  readonly object_id: number;
  readonly column_name: string;
  readonly column_ordinal: number;
  readonly is_computed: boolean | null;
  readonly type_name: string | null;
  readonly max_length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly is_nullable: boolean | null;
}

interface KeyRow {
  readonly object_id: number;
  readonly name: string;
}

/** Every capture instance of the database that this login may see, oldest first. */
export async function loadCaptureInstances(db: Queryable, signal?: AbortSignal): Promise<CaptureInstance[]> {
  const [instances, columns, keys] = await Promise.all([
    db.query<InstanceRow>(CAPTURE_INSTANCES, {}, signal),
    db.query<ColumnRow>(CAPTURED_COLUMNS, {}, signal),
    db.query<KeyRow>(PRIMARY_KEYS, {}, signal),
  ]);
  return instances
    .filter((i) => i.start_lsn !== null)
    .map((i) => ({
      name: i.capture_instance,
      schema: i.schema_name,
      table: i.table_name,
      startLsn: lsnFromBuffer(i.start_lsn!),
      hasCommandId: i.has_command_id === 1,
      // A column dropped from the source table stays in the instance and is NULL from then on; it has no type any more.
      columns: columns.filter((c) => c.object_id === i.object_id && c.type_name !== null).map(toColumn),
      keyColumns: keys.filter((k) => k.object_id === i.source_object_id).map((k) => k.name),
    }));
}

function toColumn(row: ColumnRow): SourceColumn {
  return {
    name: row.column_name,
    sqlType: row.type_name!.toLowerCase(),
    maxLength: row.max_length!,
    precision: row.precision!,
    scale: row.scale!,
    nullable: row.is_nullable !== false,
    computed: row.is_computed === true,
    ordinal: row.column_ordinal,
  };
}
