import type { CaptureInstance } from '../cdc/captureInstance.ts';
import { CDC_TABLES, type CdcTable, cdcTableId, TIME_MAPPING_COLUMNS } from '../cdc/cdcTables.ts';
import type { Column } from '../engine/model/columns.ts';
import type { Database } from '../engine/model/database.ts';
import type { Schema } from '../engine/model/schema.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { Collation } from '../sql/collation.ts';
import { INT, type SqlType } from '../sql/values.ts';

/** A column as the catalog lists it. */
export interface CatalogColumn {
  readonly id: number;
  readonly name: string;
  readonly type: SqlType;
  /** As declared: 'numeric', 'sysname', an alias type's name. */
  readonly typeName: string;
  readonly nullable: boolean;
  readonly collation?: Collation | undefined;
  /** The column of the user table; absent for change tables. */
  readonly source?: Column | undefined;
}

/** Anything with columns that the catalog lists as a table: user tables, and the change tables of CDC. */
export interface CatalogTable {
  readonly id: number;
  readonly name: string;
  readonly schema: Schema;
  readonly columns: readonly CatalogColumn[];
  readonly createdMs: number;
  readonly modifiedMs: number;
  readonly shipped: boolean;
  readonly table?: TableObject | undefined;
  readonly rowCount: number;
}

/** Stands for the schema of a database whose CDC schema the engine does not list. */
const CDC_SCHEMA: Schema = { id: 5, name: 'cdc', owner: 'cdc' };

const BINARY_10: SqlType = { k: 'binary', n: 10 };
const MASK: SqlType = { k: 'varbinary', n: 128 };

export function catalogColumns(table: TableObject): CatalogColumn[] {
  return table.columns.flatMap((column, at) =>
    column.dropped
      ? []
      : [
          {
            id: at + 1,
            name: column.name,
            type: column.type,
            typeName: column.typeName,
            nullable: column.nullable,
            collation: column.collation,
            source: column,
          },
        ],
  );
}

/** The user's tables and the change tables. */
export function catalogTables(database: Database): CatalogTable[] {
  const tables = database.tables().map((table): CatalogTable => ({ ...userTable(table), shipped: false }));
  const changes = [...(database.cdc?.captures.values() ?? [])].map((instance) => changeTable(instance, database));
  return [...tables, ...changes, ...metadataTables(database)];
}

/** cdc.change_tables and the other tables that describe capture. */
function metadataTables(database: Database): CatalogTable[] {
  const { cdc } = database;
  if (!cdc) return [];
  const shapes: (readonly [string, CdcTable['columns']])[] = [
    ...Object.entries(CDC_TABLES).map(([name, { columns }]) => [name, columns] as const),
    ['lsn_time_mapping', TIME_MAPPING_COLUMNS],
  ];
  return shapes.map(([name, columns]) => ({
    id: cdcTableId(name),
    name,
    schema: database.schemas.get('cdc') ?? CDC_SCHEMA,
    columns: columns.map((column, i) => ({
      id: i + 1,
      name: column.name,
      type: column.type,
      typeName: column.type.k === 'nvarchar' && column.type.n === 128 ? 'sysname' : column.type.k,
      nullable: column.nullable ?? true,
    })),
    createdMs: database.createdMs,
    modifiedMs: database.createdMs,
    shipped: true,
    rowCount: CDC_TABLES[name]?.rows(cdc, database).length ?? cdc.times.length,
  }));
}

function userTable(table: TableObject): Omit<CatalogTable, 'shipped'> {
  const { id, name, schema, createdMs, modifiedMs } = table;
  return {
    id,
    name,
    schema,
    createdMs,
    modifiedMs,
    table,
    columns: catalogColumns(table),
    rowCount: table.data.rowCount,
  };
}

/** cdc.<capture instance>_CT: five columns of CDC's own, the captured ones, and the command id (added by updates of 2012 to 2016). */
export function changeTable(instance: CaptureInstance, database: Database): CatalogTable {
  const own: readonly (readonly [string, SqlType, boolean])[] = [
    ['__$start_lsn', BINARY_10, false],
    ['__$end_lsn', BINARY_10, true],
    ['__$seqval', BINARY_10, false],
    ['__$operation', INT, false],
    ['__$update_mask', MASK, true],
  ];
  const columns: CatalogColumn[] = own.map(([name, type, nullable], i) => ({
    id: i + 1,
    name,
    type,
    typeName: type.k,
    nullable,
  }));
  for (const { name, type, typeName } of instance.columns)
    columns.push({ id: columns.length + 1, name, type, typeName, nullable: true });
  columns.push({ id: columns.length + 1, name: '__$command_id', type: INT, typeName: 'int', nullable: true });
  return {
    id: instance.objectId,
    name: `${instance.name}_CT`,
    schema: database.schemas.get('cdc') ?? CDC_SCHEMA,
    columns,
    createdMs: instance.createdMs,
    modifiedMs: instance.createdMs,
    shipped: true,
    rowCount: instance.changes.length,
  };
}
