import { INT, nvarchar, SMALLINT, SYSNAME, TINYINT, varchar } from '../sql/values.ts';
import {
  type CatalogProcedure,
  type Listed,
  matcher,
  matching,
  numberArgument,
  procedure,
  TABLE,
} from './catalogProcedure.ts';
import type { CatalogColumn } from './catalogTables.ts';
import { odbc2Type, odbcFacts } from './odbcTypes.ts';
import { factsOf } from './typeFacts.ts';
import type { CatalogContext, ViewRow } from './view.ts';

function columnRow(
  context: CatalogContext,
  one: Listed,
  column: CatalogColumn,
  at: number,
  odbcVersion: number,
): ViewRow {
  const facts = odbcFacts(column.type, column.typeName === 'numeric');
  const dataType = odbcVersion >= 3 ? facts.dataType : odbc2Type(column.type, facts.dataType);
  const { source } = column;
  return {
    TABLE_QUALIFIER: context.database.name,
    TABLE_OWNER: one.schema.name,
    TABLE_NAME: one.name,
    COLUMN_NAME: column.name,
    DATA_TYPE: dataType,
    TYPE_NAME: factsOf(column.type, column.typeName).name + (source?.identity ? ' identity' : ''),
    PRECISION: facts.precision,
    LENGTH: facts.length,
    SCALE: facts.scale,
    RADIX: facts.radix,
    NULLABLE: column.nullable ? 1 : 0,
    COLUMN_DEF: source?.default?.text ?? null,
    SQL_DATA_TYPE: facts.datetimeSub === null || odbcVersion < 3 ? dataType : 9,
    SQL_DATETIME_SUB: facts.datetimeSub,
    CHAR_OCTET_LENGTH: facts.radix === null && facts.datetimeSub === null ? facts.length : null,
    ORDINAL_POSITION: at + 1,
    IS_NULLABLE: column.nullable ? 'YES' : 'NO',
    SS_IS_SPARSE: 0,
    SS_IS_COLUMN_SET: 0,
    SS_IS_COMPUTED: source?.computed ? 1 : 0,
    SS_IS_IDENTITY: source?.identity ? 1 : 0,
    SS_DATA_TYPE: facts.ssDataType,
  };
}

const spColumns: CatalogProcedure['rows'] = (context, args) => {
  const column = matcher(args['column_name'], args);
  const version = numberArgument(args['odbcver'], 2);
  return matching(context, args).flatMap((one) =>
    (one.table?.columns ?? []).flatMap((found, at) =>
      column(found.name) ? [columnRow(context, one, found, at, version)] : [],
    ),
  );
};

const COLUMN_PARAMETERS = [
  'table_name',
  'table_owner',
  'table_qualifier',
  'column_name',
  'namescope',
  'odbcver',
  'fusepattern',
];

/** sp_columns: one row per column of the chosen tables. */
export const COLUMNS_PROCEDURE = procedure(
  COLUMN_PARAMETERS,
  {
    ...TABLE,
    COLUMN_NAME: SYSNAME,
    DATA_TYPE: SMALLINT,
    TYPE_NAME: SYSNAME,
    PRECISION: INT,
    LENGTH: INT,
    SCALE: SMALLINT,
    RADIX: SMALLINT,
    NULLABLE: SMALLINT,
    REMARKS: varchar(254),
    COLUMN_DEF: nvarchar(4000),
    SQL_DATA_TYPE: SMALLINT,
    SQL_DATETIME_SUB: SMALLINT,
    CHAR_OCTET_LENGTH: INT,
    ORDINAL_POSITION: INT,
    IS_NULLABLE: varchar(254),
    SS_IS_SPARSE: SMALLINT,
    SS_IS_COLUMN_SET: SMALLINT,
    SS_IS_COMPUTED: SMALLINT,
    SS_IS_IDENTITY: SMALLINT,
    SS_UDT_CATALOG_NAME: SYSNAME,
    SS_UDT_SCHEMA_NAME: SYSNAME,
    SS_UDT_ASSEMBLY_TYPE_NAME: nvarchar(4000),
    SS_XML_SCHEMACOLLECTION_CATALOG_NAME: SYSNAME,
    SS_XML_SCHEMACOLLECTION_SCHEMA_NAME: SYSNAME,
    SS_XML_SCHEMACOLLECTION_NAME: SYSNAME,
    SS_DATA_TYPE: TINYINT,
  },
  spColumns,
);
