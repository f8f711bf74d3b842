import { DATETIME as DATE, INT, SMALLINT, SYSNAME, TINYINT } from '../sql/values.ts';
import { columnViews } from './columnViews.ts';
import { databaseViews, sid } from './databaseViews.ts';
import { objectViews } from './objectViews.ts';
import { principalViews } from './principalViews.ts';
import { type CatalogContext, CHAR_2, type SystemView, type ViewGroup, type ViewRow, view } from './view.ts';

/**
 * The system tables of SQL Server 2000, which old scripts still read: found without a schema, under dbo and under sys. Each is told from
 * the view that took its place; columns that nobody can use any more are left out.
 * https://learn.microsoft.com/sql/relational-databases/system-compatibility-views/system-compatibility-views-transact-sql
 */

/** The lowest four bits of sysobjects.sysstat tell the kind of an object. */
const SYSSTAT_KINDS: Readonly<Record<string, number>> = { S: 1, V: 2, U: 3, P: 4, D: 6, R: 7, TR: 8 };
/** The names of types that sysobjects has and sys.objects spells otherwise. */
const OLD_TYPES: Readonly<Record<string, string>> = { PK: 'K ', UQ: 'K ' };

function rowsOf(source: SystemView | undefined, context: CatalogContext): Iterable<ViewRow> {
  return source?.rows(context) ?? [];
}

function* oldObjects(context: CatalogContext): Iterable<ViewRow> {
  for (const object of rowsOf(objectViews['objects'], context)) {
    const type = String(object['type']);
    yield {
      name: object['name'] ?? null,
      id: object['object_id'] ?? null,
      xtype: type,
      uid: object['schema_id'] ?? null,
      info: 0,
      status: 0,
      parent_obj: object['parent_object_id'] ?? null,
      crdate: object['create_date'] ?? null,
      refdate: object['create_date'] ?? null,
      type: OLD_TYPES[type] ?? type,
      userstat: type === 'U ' ? 1 : 0,
      sysstat: SYSSTAT_KINDS[type.trim()] ?? 0,
    };
  }
}

function* oldColumns(context: CatalogContext): Iterable<ViewRow> {
  for (const column of rowsOf(columnViews['columns'], context))
    yield {
      name: column['name'] ?? null,
      id: column['object_id'] ?? null,
      xtype: column['system_type_id'] ?? null,
      xusertype: column['user_type_id'] ?? null,
      length: column['max_length'] ?? null,
      colid: column['column_id'] ?? null,
      colorder: column['column_id'] ?? null,
      iscomputed: column['is_computed'] ?? null,
      isnullable: column['is_nullable'] ?? null,
      xprec: column['precision'] ?? null,
      xscale: column['scale'] ?? null,
      collation: column['collation_name'] ?? null,
    };
}

function* oldTypes(context: CatalogContext): Iterable<ViewRow> {
  for (const type of rowsOf(columnViews['types'], context))
    yield {
      name: type['name'] ?? null,
      xtype: type['system_type_id'] ?? null,
      xusertype: type['user_type_id'] ?? null,
      length: type['max_length'] ?? null,
      xprec: type['precision'] ?? null,
      xscale: type['scale'] ?? null,
      uid: type['schema_id'] ?? null,
      allownulls: type['is_nullable'] ?? null,
    };
}

function* oldDatabases(context: CatalogContext): Iterable<ViewRow> {
  for (const database of rowsOf(databaseViews['databases'], context))
    yield {
      name: database['name'] ?? null,
      dbid: database['database_id'] ?? null,
      sid: sid(1),
      mode: 0,
      status: 0,
      crdate: database['create_date'] ?? null,
      cmptlevel: database['compatibility_level'] ?? null,
    };
}

function* oldUsers(context: CatalogContext): Iterable<ViewRow> {
  for (const principal of rowsOf(principalViews['database_principals'], context)) {
    const isRole = principal['type'] === 'R';
    yield {
      uid: principal['principal_id'] ?? null,
      name: principal['name'] ?? null,
      hasdbaccess: isRole ? 0 : 1,
      issqlrole: isRole ? 1 : 0,
      issqluser: isRole ? 0 : 1,
    };
  }
}

export const compatibilityViews: ViewGroup = {
  sysobjects: view(
    {
      name: SYSNAME,
      id: INT,
      xtype: CHAR_2,
      uid: SMALLINT,
      info: SMALLINT,
      status: INT,
      parent_obj: INT,
      crdate: DATE,
      refdate: DATE,
      type: CHAR_2,
      userstat: SMALLINT,
      sysstat: SMALLINT,
    },
    oldObjects,
  ),
  syscolumns: view(
    {
      name: SYSNAME,
      id: INT,
      xtype: TINYINT,
      xusertype: SMALLINT,
      length: SMALLINT,
      colid: SMALLINT,
      colorder: SMALLINT,
      iscomputed: INT,
      isnullable: INT,
      xprec: TINYINT,
      xscale: TINYINT,
      collation: SYSNAME,
    },
    oldColumns,
  ),
  systypes: view(
    {
      name: SYSNAME,
      xtype: TINYINT,
      xusertype: SMALLINT,
      length: SMALLINT,
      xprec: TINYINT,
      xscale: TINYINT,
      uid: SMALLINT,
      allownulls: INT,
    },
    oldTypes,
  ),
  sysdatabases: view(
    {
      name: SYSNAME,
      dbid: SMALLINT,
      sid: { k: 'varbinary', n: 85 },
      mode: SMALLINT,
      status: INT,
      crdate: DATE,
      cmptlevel: TINYINT,
    },
    oldDatabases,
  ),
  sysusers: view({ uid: SMALLINT, name: SYSNAME, hasdbaccess: INT, issqlrole: INT, issqluser: INT }, oldUsers),
};
