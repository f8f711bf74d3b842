import { sqlError } from '../sql/errors.ts';
import { INT, nvarchar, SMALLINT, SYSNAME, varchar } from '../sql/values.ts';
import { type CatalogProcedure, matching, procedure, TABLE } from './catalogProcedure.ts';
import { COLUMNS_PROCEDURE } from './columnsProcedure.ts';
import { numberedIndexes } from './indexViews.ts';
import { sees } from './visibility.ts';

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
  sp_columns: COLUMNS_PROCEDURE,
  sp_columns_90: COLUMNS_PROCEDURE,
  sp_columns_100: COLUMNS_PROCEDURE,
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
