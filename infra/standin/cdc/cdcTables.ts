import { asDatetime, bit } from '../catalog/view.ts';
import type { Database } from '../engine/model/database.ts';
import {
  BIT,
  binary,
  DATETIME,
  INT,
  MAX,
  nvarchar,
  type SqlType,
  type SqlValue,
  SYSNAME,
  TINYINT,
} from '../sql/values.ts';
import type { CaptureInstance } from './captureInstance.ts';
import type { CdcDatabase } from './cdcDatabase.ts';
import { lsnBytes } from './lsn.ts';

/** A small table of schema cdc: its columns in the documented order and its rows. */
export interface CdcTable {
  readonly columns: readonly { readonly name: string; readonly type: SqlType; readonly nullable?: boolean }[];
  rows(cdc: CdcDatabase, database: Database): SqlValue[][];
}

const LSN = binary(10);

function required(name: string, type: SqlType): CdcTable['columns'][number] {
  return { name, type, nullable: false };
}

/** Object ids of the tables of schema cdc: they lie below those of the user's objects. */
const CDC_TABLE_IDS: Readonly<Record<string, number>> = {
  change_tables: 198_000_001,
  captured_columns: 198_000_002,
  index_columns: 198_000_003,
  ddl_history: 198_000_004,
  lsn_time_mapping: 198_000_005,
};

/** Object id of a table of schema cdc. */
export function cdcTableId(name: string): number {
  return CDC_TABLE_IDS[name] ?? 0;
}

/** Columns of cdc.lsn_time_mapping. */
export const TIME_MAPPING_COLUMNS: CdcTable['columns'] = [
  required('start_lsn', LSN),
  { name: 'tran_begin_time', type: DATETIME },
  { name: 'tran_end_time', type: DATETIME },
  { name: 'tran_id', type: { k: 'varbinary', n: 10 } },
  { name: 'tran_begin_lsn', type: LSN },
];

/** Position of a captured column in the source table, as sys.columns numbers it. */
function columnId(instance: CaptureInstance, ordinal: number): number {
  return instance.columns[ordinal]!.at + 1;
}

/** Tables by lower-case name. Sources: the pages of cdc.change_tables, captured_columns, index_columns, ddl_history. */
export const CDC_TABLES: Readonly<Record<string, CdcTable>> = {
  change_tables: {
    columns: [
      required('object_id', INT),
      { name: 'version', type: INT },
      { name: 'source_object_id', type: INT },
      required('capture_instance', SYSNAME),
      { name: 'start_lsn', type: LSN },
      { name: 'end_lsn', type: LSN },
      { name: 'supports_net_changes', type: BIT },
      { name: 'has_drop_pending', type: BIT },
      { name: 'role_name', type: SYSNAME },
      { name: 'index_name', type: SYSNAME },
      { name: 'filegroup_name', type: SYSNAME },
      { name: 'create_date', type: DATETIME },
      required('partition_switch', BIT),
    ],
    rows: (cdc) =>
      [...cdc.captures.values()].map((i): SqlValue[] => [
        i.objectId,
        0,
        i.sourceId,
        i.name,
        lsnBytes(i.startLsn),
        null,
        bit(i.supportsNetChanges),
        null,
        i.roleName,
        i.indexName,
        null,
        asDatetime(i.createdMs),
        bit(i.partitionSwitch),
      ]),
  },
  captured_columns: {
    columns: [
      required('object_id', INT),
      required('column_name', SYSNAME),
      { name: 'column_id', type: INT },
      required('column_type', SYSNAME),
      required('column_ordinal', INT),
      { name: 'is_computed', type: BIT },
    ],
    rows: (cdc) =>
      [...cdc.captures.values()].flatMap((instance) =>
        instance.columns.map((column, at): SqlValue[] => [
          instance.objectId,
          column.name,
          columnId(instance, at),
          column.typeName,
          at + 1,
          bit(column.computed),
        ]),
      ),
  },
  index_columns: {
    columns: [
      required('object_id', INT),
      required('column_name', SYSNAME),
      required('index_ordinal', TINYINT),
      required('column_id', INT),
    ],
    rows: (cdc) =>
      [...cdc.captures.values()].flatMap((instance) =>
        instance.keyOrdinals.map((ordinal, at): SqlValue[] => [
          instance.objectId,
          instance.columns[ordinal]!.name,
          at + 1,
          columnId(instance, ordinal),
        ]),
      ),
  },
  ddl_history: {
    columns: [
      { name: 'source_object_id', type: INT },
      required('object_id', INT),
      { name: 'required_column_update', type: BIT },
      { name: 'ddl_command', type: nvarchar(MAX) },
      required('ddl_lsn', LSN),
      { name: 'ddl_time', type: DATETIME },
    ],
    rows: (cdc) =>
      cdc.ddl
        .slice(0, cdc.ddlNoted)
        .map((record): SqlValue[] => [
          record.sourceId,
          record.objectId,
          bit(record.requiredColumnUpdate),
          record.command,
          lsnBytes(record.lsn),
          asDatetime(record.timeMs),
        ]),
  },
};
