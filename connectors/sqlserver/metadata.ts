import type { ColumnMask } from './columnMask.ts';
import type { Queryable } from './connection.ts';
import { type Lsn, lsnFromBuffer } from './lsn.ts';
import { CAPTURE_INSTANCES, CAPTURED_COLUMNS, KEY_INDEXES } from './queries.ts';

/** A type as SQL Server describes it. */
export interface ColumnType {
  /** Base type name in lower case; rowversion is `timestamp`. */
  readonly sqlType: string;
  /** Bytes; -1 for (max) types. */
  readonly maxLength: number;
  readonly precision: number;
  readonly scale: number;
}

/** A captured column: its type as the change table gives it, the rest as the source table's catalog says. */
export interface SourceColumn extends ColumnType {
  readonly name: string;
  readonly nullable: boolean;
  /** CDC gives NULL for these. */
  readonly computed: boolean;
  /** Place in the capture instance, from 1; the bit in the update mask. */
  readonly ordinal: number;
  /** The expression of its default, e.g. `((0))`; null without one, or when this login may not see it (VIEW DEFINITION). */
  readonly defaultText?: string | null;
  /** Of text columns; null for others. */
  readonly collation?: string | null;
  /** What is written instead of its values. */
  readonly mask?: ColumnMask;
  /** A time that does not fit its message type becomes the nearest that does (SaturatedTime); otherwise it is an error. */
  readonly saturate?: boolean;
  /** The type of the change table where it is a later one than this version's: values are turned back. See schemaVersions.ts. */
  readonly storedAs?: ColumnType;
  /** Whether it was nullable at the time is not known: NULLs are taken, and the newest registered schema decides how it is written. */
  readonly uncertain?: boolean;
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
  /** Object id of the change table: differs when the instance was dropped and made again with its name. */
  readonly objectId: number;
  /** Object id of the source table: stays when the table is renamed. */
  readonly sourceObjectId: number;
  /** The captured columns that the source table still has, in ordinal order. */
  readonly columns: readonly SourceColumn[];
  /** Captured columns that were dropped at the source: NULL from then on. */
  readonly droppedColumns?: readonly SourceColumn[];
  /** Columns of the primary key in key order, else of a unique index on NOT NULL columns; empty when the table has neither. */
  readonly keyColumns: readonly string[];
  /** Columns of the record's key where it is another than the primary key; empty for records without a key. See recordKeyOf. */
  readonly messageKey?: readonly string[];
  /** The source table's present name when it was renamed; `schema` and `table` stay what records and topics are called by. */
  readonly renamedTo?: { readonly schema: string; readonly table: string };
  /** The newest change of definition that is in the columns; null for none, undefined where nobody looked. */
  readonly ddlLsn?: Lsn | null;
}

/** Columns of the record's key, in key order; empty for records without a key. */
export function recordKeyOf(instance: Pick<CaptureInstance, 'keyColumns' | 'messageKey'>): readonly string[] {
  return instance.messageKey ?? instance.keyColumns;
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
  readonly type_name: string;
  readonly max_length: number;
  readonly precision: number;
  readonly scale: number;
  readonly source_type: string | null;
  readonly source_length: number | null;
  readonly source_precision: number | null;
  readonly source_scale: number | null;
  readonly is_nullable: boolean | null;
  readonly collation_name: string | null;
  readonly default_text: string | null;
}

interface KeyRow {
  readonly object_id: number;
  readonly index_id: number;
  readonly name: string;
  readonly is_nullable: boolean;
}

/** Every capture instance of the database that this login may see, oldest first. */
export async function loadCaptureInstances(db: Queryable, signal?: AbortSignal): Promise<CaptureInstance[]> {
  const [instances, columns, keys] = await Promise.all([
    db.query<InstanceRow>(CAPTURE_INSTANCES, {}, signal),
    db.query<ColumnRow>(CAPTURED_COLUMNS, {}, signal),
    db.query<KeyRow>(KEY_INDEXES, {}, signal),
  ]);
  const byInstance = Map.groupBy(columns, (c) => c.object_id);
  const byTable = Map.groupBy(keys, (k) => k.object_id);
  return (
    instances
      // An instance that is dropped between the statements has no columns any more.
      .filter((i) => i.start_lsn !== null && byInstance.has(i.object_id))
      .map((i) => {
        const captured = byInstance.get(i.object_id) ?? [];
        return {
          name: i.capture_instance,
          schema: i.schema_name,
          table: i.table_name,
          startLsn: lsnFromBuffer(i.start_lsn!),
          hasCommandId: i.has_command_id === 1,
          objectId: i.object_id,
          sourceObjectId: i.source_object_id,
          columns: captured.filter((c) => c.source_type !== null).map(toColumn),
          droppedColumns: captured.filter((c) => c.source_type === null).map(toColumn),
          keyColumns: keyOf(byTable.get(i.source_object_id) ?? []),
        };
      })
  );
}

/** Columns of the first unique index that identifies every row: none of them may be NULL. */
function keyOf(columns: readonly KeyRow[]): string[] {
  for (const index of Map.groupBy(columns, (c) => c.index_id).values())
    if (index.every((c) => !c.is_nullable)) return index.map((c) => c.name);
  return [];
}

/** The types whose change table column is of another kind: CDC stores a rowversion as the eight bytes it is. */
const STORED_OTHERWISE = new Set(['timestamp', 'rowversion']);

function toColumn(row: ColumnRow): SourceColumn {
  const stored: ColumnType = {
    sqlType: row.type_name.toLowerCase(),
    maxLength: row.max_length,
    precision: row.precision,
    scale: row.scale,
  };
  const source: ColumnType | null =
    row.source_type === null
      ? null
      : {
          sqlType: row.source_type.toLowerCase(),
          maxLength: row.source_length!,
          precision: row.source_precision!,
          scale: row.source_scale!,
        };
  const same = source !== null && (STORED_OTHERWISE.has(source.sqlType) || sameType(source, stored));
  return {
    name: row.column_name,
    ...(same ? source : stored),
    nullable: row.is_nullable !== false,
    computed: row.is_computed === true,
    ordinal: row.column_ordinal,
    defaultText: row.default_text,
    collation: row.collation_name,
  };
}

/** True when values of one are values of the other, told by the same message type. */
export function sameType(a: ColumnType, b: ColumnType): boolean {
  return a.sqlType === b.sqlType && a.maxLength === b.maxLength && a.precision === b.precision && a.scale === b.scale;
}
