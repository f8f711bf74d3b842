import type { TableObject } from '../engine/model/tableObject.ts';
import { INT, nvarchar, SMALLINT, SYSNAME, TINYINT, varchar } from '../sql/values.ts';
import type { CatalogColumn, CatalogTable } from './catalogTables.ts';
import { catalogTables } from './catalogTables.ts';
import { factsOf, isText } from './typeFacts.ts';
import {
  asDatetime,
  type CatalogContext,
  CI_COLLATION,
  LONG_TEXT,
  type ViewGroup,
  type ViewRow,
  view,
} from './view.ts';
import { sees } from './visibility.ts';

function visibleTables(context: CatalogContext): CatalogTable[] {
  return catalogTables(context.database).filter((table) => sees(context, table));
}

function* tableRows(context: CatalogContext): Iterable<ViewRow> {
  const TABLE_CATALOG = context.database.name;
  for (const table of visibleTables(context))
    yield { TABLE_CATALOG, TABLE_SCHEMA: table.schema.name, TABLE_NAME: table.name, TABLE_TYPE: 'BASE TABLE' };
  for (const object of context.database.objects.values())
    if (object.kind === 'view' && sees(context, object))
      yield { TABLE_CATALOG, TABLE_SCHEMA: object.schema.name, TABLE_NAME: object.name, TABLE_TYPE: 'VIEW' };
}

function* columnRows(context: CatalogContext): Iterable<ViewRow> {
  for (const table of visibleTables(context))
    for (const [i, column] of table.columns.entries())
      yield {
        TABLE_CATALOG: context.database.name,
        TABLE_SCHEMA: table.schema.name,
        TABLE_NAME: table.name,
        COLUMN_NAME: column.name,
        ORDINAL_POSITION: i + 1,
        COLUMN_DEFAULT: column.source?.default?.text ?? null,
        IS_NULLABLE: column.nullable ? 'YES' : 'NO',
        ...typeColumns(column),
      };
}

const NUMERIC = new Set(['tinyint', 'smallint', 'int', 'bigint', 'decimal', 'money', 'smallmoney', 'float', 'real']);
const TEMPORAL = new Set(['date', 'time', 'datetime', 'smalldatetime', 'datetime2', 'datetimeoffset']);
const LOB_BYTES: Readonly<Record<string, number>> = { text: 2147483647, image: 2147483647, ntext: 1073741823, xml: -1 };

function typeColumns({ type, typeName, collation }: CatalogColumn): ViewRow {
  const facts = factsOf(type, typeName);
  const floating = type.k === 'float' || type.k === 'real';
  const length = 'n' in type ? type.n : (LOB_BYTES[type.k] ?? null);
  const wide = type.k === 'nchar' || type.k === 'nvarchar' || type.k === 'ntext';
  return {
    DATA_TYPE: facts.name === 'sysname' ? 'nvarchar' : facts.name,
    CHARACTER_MAXIMUM_LENGTH: length,
    CHARACTER_OCTET_LENGTH: length === null || length < 0 ? length : wide ? Math.min(length * 2, 2147483646) : length,
    NUMERIC_PRECISION: NUMERIC.has(type.k) ? facts.precision : null,
    NUMERIC_PRECISION_RADIX: NUMERIC.has(type.k) ? (floating ? 2 : 10) : null,
    NUMERIC_SCALE: NUMERIC.has(type.k) && !floating ? facts.scale : null,
    DATETIME_PRECISION: TEMPORAL.has(type.k) ? facts.scale : null,
    CHARACTER_SET_NAME: isText(type) ? (wide ? 'UNICODE' : 'iso_1') : null,
    COLLATION_NAME: isText(type) ? (collation?.name ?? CI_COLLATION) : null,
  };
}

interface NamedConstraint {
  readonly name: string;
  readonly kind: string;
  /** Positions of key columns; null for checks. */
  readonly columns: readonly number[] | null;
}

function constraintsOf(table: TableObject): NamedConstraint[] {
  return [
    ...table.keys.map((key) => ({
      name: key.name,
      kind: key.primary ? 'PRIMARY KEY' : 'UNIQUE',
      columns: table.data.indexes.find((index) => index.name.toLowerCase() === key.name.toLowerCase())?.columns ?? [],
    })),
    ...table.foreignKeys.map(({ name, columns }) => ({ name, kind: 'FOREIGN KEY', columns })),
    ...table.checks.map(({ name }) => ({ name, kind: 'CHECK', columns: null })),
  ];
}

function* visibleConstraints(
  context: CatalogContext,
): Iterable<{ table: TableObject; constraint: NamedConstraint; row: ViewRow }> {
  for (const table of context.database.tables()) {
    if (!sees(context, table)) continue;
    for (const constraint of constraintsOf(table)) {
      const row = {
        CONSTRAINT_CATALOG: context.database.name,
        CONSTRAINT_SCHEMA: table.schema.name,
        CONSTRAINT_NAME: constraint.name,
        TABLE_CATALOG: context.database.name,
        TABLE_SCHEMA: table.schema.name,
        TABLE_NAME: table.name,
      };
      yield { table, constraint, row };
    }
  }
}

function* constraintRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { constraint, row } of visibleConstraints(context))
    yield { ...row, CONSTRAINT_TYPE: constraint.kind, IS_DEFERRABLE: 'NO', INITIALLY_DEFERRED: 'NO' };
}

function* keyColumnRows(context: CatalogContext): Iterable<ViewRow> {
  for (const { table, constraint, row } of visibleConstraints(context))
    for (const [i, at] of (constraint.columns ?? []).entries())
      yield { ...row, COLUMN_NAME: table.columns[at]!.name, ORDINAL_POSITION: i + 1 };
}

function* referentialRows(context: CatalogContext): Iterable<ViewRow> {
  const rule = { noAction: 'NO ACTION', cascade: 'CASCADE', setNull: 'SET NULL', setDefault: 'SET DEFAULT' };
  for (const table of context.database.tables()) {
    if (!sees(context, table)) continue;
    for (const key of table.foreignKeys)
      yield {
        CONSTRAINT_CATALOG: context.database.name,
        CONSTRAINT_SCHEMA: table.schema.name,
        CONSTRAINT_NAME: key.name,
        UNIQUE_CONSTRAINT_CATALOG: context.database.name,
        UNIQUE_CONSTRAINT_SCHEMA: key.parent.schema.name,
        UNIQUE_CONSTRAINT_NAME: key.parentIndex,
        MATCH_OPTION: 'SIMPLE',
        UPDATE_RULE: rule[key.onUpdate],
        DELETE_RULE: rule[key.onDelete],
      };
  }
}

function* routineRows(context: CatalogContext): Iterable<ViewRow> {
  for (const object of context.database.objects.values()) {
    if ((object.kind !== 'procedure' && object.kind !== 'function') || !sees(context, object)) continue;
    yield {
      ROUTINE_CATALOG: context.database.name,
      ROUTINE_SCHEMA: object.schema.name,
      ROUTINE_NAME: object.name,
      SPECIFIC_CATALOG: context.database.name,
      SPECIFIC_SCHEMA: object.schema.name,
      SPECIFIC_NAME: object.name,
      ROUTINE_TYPE: object.kind === 'procedure' ? 'PROCEDURE' : 'FUNCTION',
      ROUTINE_DEFINITION: object.definition.text.slice(0, 4000),
      CREATED: asDatetime(object.createdMs),
      LAST_ALTERED: asDatetime(object.modifiedMs),
    };
  }
}

function* viewRows(context: CatalogContext): Iterable<ViewRow> {
  for (const object of context.database.objects.values())
    if (object.kind === 'view' && sees(context, object))
      yield {
        TABLE_CATALOG: context.database.name,
        TABLE_SCHEMA: object.schema.name,
        TABLE_NAME: object.name,
        VIEW_DEFINITION: object.definition.text.slice(0, 4000),
        CHECK_OPTION: 'NONE',
        IS_UPDATABLE: 'NO',
      };
}

const CONSTRAINT_COLUMNS = {
  CONSTRAINT_CATALOG: SYSNAME,
  CONSTRAINT_SCHEMA: SYSNAME,
  CONSTRAINT_NAME: SYSNAME,
};
const TABLE_COLUMNS = { TABLE_CATALOG: SYSNAME, TABLE_SCHEMA: SYSNAME, TABLE_NAME: SYSNAME };

/** The views of INFORMATION_SCHEMA. */
export const informationSchema: ViewGroup = {
  tables: view({ ...TABLE_COLUMNS, TABLE_TYPE: varchar(10) }, tableRows),
  columns: view(
    {
      ...TABLE_COLUMNS,
      COLUMN_NAME: SYSNAME,
      ORDINAL_POSITION: INT,
      COLUMN_DEFAULT: nvarchar(4000),
      IS_NULLABLE: varchar(3),
      DATA_TYPE: SYSNAME,
      CHARACTER_MAXIMUM_LENGTH: INT,
      CHARACTER_OCTET_LENGTH: INT,
      NUMERIC_PRECISION: TINYINT,
      NUMERIC_PRECISION_RADIX: SMALLINT,
      NUMERIC_SCALE: INT,
      DATETIME_PRECISION: SMALLINT,
      CHARACTER_SET_NAME: SYSNAME,
      COLLATION_NAME: SYSNAME,
    },
    columnRows,
  ),
  schemata: view(
    { CATALOG_NAME: SYSNAME, SCHEMA_NAME: SYSNAME, SCHEMA_OWNER: SYSNAME, DEFAULT_CHARACTER_SET_NAME: SYSNAME },
    ({ database }) =>
      [...database.schemas.values()].map((schema) => ({
        CATALOG_NAME: database.name,
        SCHEMA_NAME: schema.name,
        SCHEMA_OWNER: schema.owner,
        DEFAULT_CHARACTER_SET_NAME: 'iso_1',
      })),
  ),
  table_constraints: view(
    {
      ...CONSTRAINT_COLUMNS,
      ...TABLE_COLUMNS,
      CONSTRAINT_TYPE: varchar(11),
      IS_DEFERRABLE: varchar(2),
      INITIALLY_DEFERRED: varchar(2),
    },
    constraintRows,
  ),
  key_column_usage: view(
    { ...CONSTRAINT_COLUMNS, ...TABLE_COLUMNS, COLUMN_NAME: SYSNAME, ORDINAL_POSITION: INT },
    keyColumnRows,
  ),
  referential_constraints: view(
    {
      ...CONSTRAINT_COLUMNS,
      UNIQUE_CONSTRAINT_CATALOG: SYSNAME,
      UNIQUE_CONSTRAINT_SCHEMA: SYSNAME,
      UNIQUE_CONSTRAINT_NAME: SYSNAME,
      MATCH_OPTION: varchar(7),
      UPDATE_RULE: varchar(11),
      DELETE_RULE: varchar(11),
    },
    referentialRows,
  ),
  routines: view(
    {
      SPECIFIC_CATALOG: SYSNAME,
      SPECIFIC_SCHEMA: SYSNAME,
      SPECIFIC_NAME: SYSNAME,
      ROUTINE_CATALOG: SYSNAME,
      ROUTINE_SCHEMA: SYSNAME,
      ROUTINE_NAME: SYSNAME,
      ROUTINE_TYPE: nvarchar(20),
      ROUTINE_DEFINITION: LONG_TEXT,
      CREATED: { k: 'datetime' },
      LAST_ALTERED: { k: 'datetime' },
    },
    routineRows,
  ),
  views: view(
    { ...TABLE_COLUMNS, VIEW_DEFINITION: LONG_TEXT, CHECK_OPTION: varchar(7), IS_UPDATABLE: varchar(2) },
    viewRows,
  ),
};
