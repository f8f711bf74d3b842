import type { Schema } from '../engine/model/schema.ts';
import { sqlError } from '../sql/errors.ts';
import { likeRegExp } from '../sql/like.ts';
import { INT, nvarchar, SMALLINT, type SqlType, type SqlValue, SYSNAME, TINYINT, varchar } from '../sql/values.ts';
import { type CatalogColumn, type CatalogTable, catalogTables } from './catalogTables.ts';
import { numberedIndexes } from './indexViews.ts';
import { odbc2Type, odbcFacts } from './odbcTypes.ts';
import { factsOf } from './typeFacts.ts';
import type { CatalogContext, ViewRow } from './view.ts';
import { sees } from './visibility.ts';

/** Arguments by lower-case name without '@', as values or as text; those left out are absent or NULL. */
export type ProcedureArguments = Readonly<Record<string, SqlValue | undefined>>;

/** A catalog procedure: one result set. */
export interface CatalogProcedure {
  /** Names without '@', in the order of positional arguments. */
  readonly parameters: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  rows(context: CatalogContext, args: ProcedureArguments): ViewRow[];
}

function procedure(
  parameters: readonly string[],
  columns: Readonly<Record<string, SqlType>>,
  rows: CatalogProcedure['rows'],
): CatalogProcedure {
  return { parameters, columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows };
}

function numberArgument(value: SqlValue | undefined, byDefault: number): number {
  return typeof value === 'number' || typeof value === 'string' ? Number(value) : byDefault;
}

/** A table or view the procedures list. */
interface Listed {
  readonly name: string;
  readonly schema: Schema;
  readonly kind: 'TABLE' | 'VIEW' | 'SYSTEM TABLE';
  readonly table: CatalogTable | undefined;
}

function listed(context: CatalogContext): Listed[] {
  const tables = catalogTables(context.database)
    .filter((table) => sees(context, table))
    .map(
      (table): Listed => ({
        name: table.name,
        schema: table.schema,
        kind: table.shipped ? 'SYSTEM TABLE' : 'TABLE',
        table,
      }),
    );
  const views = [...context.database.objects.values()].flatMap((object): Listed[] =>
    object.kind === 'view' && sees(context, object)
      ? [{ name: object.name, schema: object.schema, kind: 'VIEW', table: undefined }]
      : [],
  );
  return [...tables, ...views];
}

/** A name pattern: LIKE unless @fUsePattern is 0; everything when it was left out. */
function matcher(pattern: SqlValue | undefined, args: ProcedureArguments): (name: string) => boolean {
  if (typeof pattern !== 'string' || pattern === '%') return () => true;
  const plain = numberArgument(args['fusepattern'], 1) === 0;
  const wanted = pattern.toLowerCase();
  const regExp = plain ? undefined : likeRegExp(pattern, '\\');
  return (name) => name.toLowerCase() === wanted || (regExp?.test(name) ?? false);
}

/** 15250: these procedures list the current database only. */
function checkQualifier(context: CatalogContext, qualifier: SqlValue | undefined): void {
  if (
    typeof qualifier === 'string' &&
    qualifier !== '' &&
    qualifier.toLowerCase() !== context.database.name.toLowerCase()
  )
    throw sqlError(15250);
}

function matching(context: CatalogContext, args: ProcedureArguments): Listed[] {
  checkQualifier(context, args['table_qualifier']);
  const name = matcher(args['table_name'], args);
  const owner = matcher(args['table_owner'], args);
  return listed(context).filter((one) => name(one.name) && owner(one.schema.name));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const spTables: CatalogProcedure['rows'] = (context, args) => {
  const wanted = typeof args['table_type'] === 'string' ? args['table_type'].toUpperCase() : undefined;
  return matching(context, args)
    .filter((one) => wanted === undefined || wanted.includes(`'${one.kind}'`))
    .sort((a, b) => byText(a.kind, b.kind) || byText(a.schema.name, b.schema.name) || byText(a.name, b.name))
    .map((one) => ({
      TABLE_QUALIFIER: context.database.name,
      TABLE_OWNER: one.schema.name,
      TABLE_NAME: one.name,
      TABLE_TYPE: one.kind,
    }));
};

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

const spPrimaryKeys: CatalogProcedure['rows'] = (context, args) =>
  matching(context, { ...args, fusepattern: 0 }).flatMap((one) => {
    const table = one.table?.table;
    const key = table?.primaryKey;
    if (!table || !key) return [];
    return key.columns.map((at, i) => ({
      TABLE_QUALIFIER: context.database.name,
      TABLE_OWNER: one.schema.name,
      TABLE_NAME: one.name,
      COLUMN_NAME: table.columns[at]!.name,
      KEY_SEQ: i + 1,
      PK_NAME: key.name,
    }));
  });

/** One row for the table itself (TYPE 0), then its indexes: clustered 1, others 3. @is_unique = 'Y' leaves the others out. */
const spStatistics: CatalogProcedure['rows'] = (context, args) =>
  matching(context, { ...args, fusepattern: 0 }).flatMap((one) => {
    const table = one.table?.table;
    if (!table) return [];
    const base = { TABLE_QUALIFIER: context.database.name, TABLE_OWNER: one.schema.name, TABLE_NAME: one.name };
    const uniqueOnly = args['is_unique'] === 'Y';
    const indexes = numberedIndexes(table).flatMap(({ index }) =>
      index && (index.unique || !uniqueOnly) ? [index] : [],
    );
    const columns = indexes.flatMap((index) =>
      index.columns.map((at, i) => ({
        ...base,
        NON_UNIQUE: index.unique ? 0 : 1,
        INDEX_QUALIFIER: one.name,
        INDEX_NAME: index.name,
        TYPE: index.clustered ? 1 : 3,
        SEQ_IN_INDEX: i + 1,
        COLUMN_NAME: table.columns[at]!.name,
        COLLATION: 'A',
      })),
    );
    return [{ ...base, TYPE: 0, CARDINALITY: table.data.rowCount, PAGES: 1 }, ...columns];
  });

/** The text of a module, in lines as sp_helptext cuts it; 15009 when there is none. */
const spHelpText: CatalogProcedure['rows'] = (context, args) => {
  const wanted = String(args['objname'] ?? '');
  const name = wanted.replaceAll(/[[\]]/g, '').toLowerCase();
  const found = [...context.database.objects.values()].find(
    (object) =>
      'definition' in object &&
      (object.name.toLowerCase() === name || `${object.schema.name}.${object.name}`.toLowerCase() === name),
  );
  if (!found || !('definition' in found) || !sees(context, found)) throw sqlError(15009, wanted, context.database.name);
  return found.definition.text.split(/(?<=\n)/).map((line) => ({ Text: line }));
};

const spDatabases: CatalogProcedure['rows'] = ({ server }) =>
  [...server.databases.values()].map(({ name }) => ({ DATABASE_NAME: name, DATABASE_SIZE: 8192 }));

const spWho: CatalogProcedure['rows'] = (context) =>
  [...context.server.sessions].map((session) => ({
    spid: session.spid,
    ecid: 0,
    status: (session === context.session ? 'runnable' : 'sleeping').padEnd(30),
    loginame: session.security.login,
    hostname: session.client.hostName,
    blk: String(session.party.waitsFor[0]?.id ?? 0).padEnd(5),
    dbname: session.database.name,
    cmd: session === context.session ? 'SELECT' : 'AWAITING COMMAND',
    request_id: 0,
  }));

const TABLE = { TABLE_QUALIFIER: SYSNAME, TABLE_OWNER: SYSNAME, TABLE_NAME: SYSNAME };
const COLUMN_PARAMETERS = [
  'table_name',
  'table_owner',
  'table_qualifier',
  'column_name',
  'namescope',
  'odbcver',
  'fusepattern',
];

const COLUMNS = procedure(
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

const STATISTICS = procedure(
  ['table_name', 'table_owner', 'table_qualifier', 'index_name', 'is_unique', 'accuracy'],
  {
    ...TABLE,
    NON_UNIQUE: SMALLINT,
    INDEX_QUALIFIER: SYSNAME,
    INDEX_NAME: SYSNAME,
    TYPE: SMALLINT,
    SEQ_IN_INDEX: SMALLINT,
    COLUMN_NAME: SYSNAME,
    COLLATION: { k: 'char', n: 1 },
    CARDINALITY: INT,
    PAGES: INT,
    FILTER_CONDITION: varchar(128),
  },
  spStatistics,
);

/** Catalog procedures by lower-case name; drivers call them for metadata. */
export const catalogProcedures: Readonly<Record<string, CatalogProcedure>> = {
  sp_tables: procedure(
    ['table_name', 'table_owner', 'table_qualifier', 'table_type', 'fusepattern'],
    { ...TABLE, TABLE_TYPE: varchar(32), REMARKS: varchar(254) },
    spTables,
  ),
  sp_columns: COLUMNS,
  sp_columns_90: COLUMNS,
  sp_columns_100: COLUMNS,
  sp_pkeys: procedure(
    ['table_name', 'table_owner', 'table_qualifier'],
    { ...TABLE, COLUMN_NAME: SYSNAME, KEY_SEQ: SMALLINT, PK_NAME: SYSNAME },
    spPrimaryKeys,
  ),
  sp_statistics: STATISTICS,
  sp_statistics_100: STATISTICS,
  sp_helptext: procedure(['objname', 'columnname'], { Text: nvarchar(255) }, spHelpText),
  sp_databases: procedure([], { DATABASE_NAME: SYSNAME, DATABASE_SIZE: INT, REMARKS: varchar(254) }, spDatabases),
  sp_who: procedure(
    ['loginame'],
    {
      spid: SMALLINT,
      ecid: SMALLINT,
      status: { k: 'nchar', n: 30 },
      loginame: SYSNAME,
      hostname: SYSNAME,
      blk: { k: 'char', n: 5 },
      dbname: SYSNAME,
      cmd: nvarchar(26),
      request_id: INT,
    },
    spWho,
  ),
};
