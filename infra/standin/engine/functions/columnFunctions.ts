import { type CatalogColumn, type CatalogTable, catalogTables } from '../../catalog/catalogTables.ts';
import { numberedIndexes } from '../../catalog/indexViews.ts';
import { factsOf } from '../../catalog/typeFacts.ts';
import { securityIn, sees } from '../../catalog/visibility.ts';
import { decimal, INT, nvarchar, SMALLINT, type SqlValue } from '../../sql/values.ts';
import type { Execution } from '../run/execution.ts';
import { type FunctionGroup, fn } from './engineFunction.ts';
import { objectIdOf } from './metadataFunctions.ts';

const NAME = nvarchar(128);
const LONG_NAME = nvarchar(1035);
const IDENTITY = decimal(38, 0);

const textArg = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');

function tableById(env: Execution, id: SqlValue | undefined): CatalogTable | undefined {
  const table = catalogTables(env.database).find((other) => other.id === id);
  const security = securityIn(env.session, env.database, env.session.server);
  return table && security && sees({ security, database: env.database }, table) ? table : undefined;
}

function tableNamed(env: Execution, name: SqlValue | undefined): CatalogTable | undefined {
  return tableById(env, objectIdOf(env, textArg(name)) ?? -1);
}

function columnNamed(table: CatalogTable | undefined, name: SqlValue | undefined): CatalogColumn | undefined {
  const wanted = textArg(name).toLowerCase();
  return table?.columns.find((column) => column.name.toLowerCase() === wanted);
}

function columnProperty(column: CatalogColumn, property: string): number | null {
  const facts = factsOf(column.type, column.typeName);
  switch (property.toLowerCase()) {
    case 'columnid':
      return column.id;
    case 'allowsnull':
      return column.nullable ? 1 : 0;
    case 'isidentity':
      return column.source?.identity ? 1 : 0;
    case 'iscomputed':
      return column.source?.computed ? 1 : 0;
    case 'isrowguidcol':
      return column.source?.rowGuid ? 1 : 0;
    case 'precision':
      return facts.precision > 0 ? facts.precision : 'n' in column.type ? column.type.n : facts.maxLength;
    case 'scale':
      return facts.precision > 0 ? facts.scale : null;
    case 'charmaxlen':
      return 'n' in column.type ? column.type.n : null;
    case 'isfulltextindexed':
    case 'issparse':
    case 'iscolumnset':
    case 'ishidden':
      return 0;
    default:
      return null;
  }
}

function objectProperty(env: Execution, id: SqlValue | undefined, property: string): number | null {
  const object = typeof id === 'number' ? env.database.objectsById.get(id) : undefined;
  if (!object) return null;
  const is = (yes: boolean): number => (yes ? 1 : 0);
  const table = object.kind === 'table' ? object : undefined;
  switch (property.toLowerCase()) {
    case 'istable':
    case 'isusertable':
      return is(table !== undefined);
    case 'isview':
      return is(object.kind === 'view');
    case 'isprocedure':
      return is(object.kind === 'procedure');
    case 'istrigger':
      return is(object.kind === 'trigger');
    case 'isscalarfunction':
      return is(object.kind === 'function' && object.definition.returns.k === 'scalar');
    case 'isinlinefunction':
    case 'istablefunction':
      return is(object.kind === 'function' && object.definition.returns.k === 'inlineTable');
    case 'ismsshipped':
      return 0;
    case 'schemaid':
      return object.schema.id;
    case 'ownerid':
      return env.database.principals.find(object.schema.owner)?.id ?? 1;
    case 'tablehasidentity':
      return table ? is(table.identityAt >= 0) : null;
    case 'tablehasprimarykey':
      return table ? is(table.primaryKey !== undefined) : null;
    case 'tablehasclustindex':
      return table ? is(table.data.indexes.some((index) => index.clustered)) : null;
    default:
      return null;
  }
}

function indexColumn(
  env: Execution,
  name: SqlValue | undefined,
  indexId: SqlValue | undefined,
  at: SqlValue | undefined,
): string | null {
  const table = tableNamed(env, name)?.table;
  if (!table || typeof at !== 'number') return null;
  const index = numberedIndexes(table).find(({ id }) => id === indexId)?.index;
  const position = index?.columns[at - 1];
  return position === undefined ? null : table.columns[position]!.name;
}

/** Functions about columns, indexes and other properties of objects. */
export const columnFunctions: FunctionGroup = {
  col_name: fn(NAME, [INT, INT], (env, [id, column]) => {
    return tableById(env, id)?.columns.find((other) => other.id === column)?.name ?? null;
  }),
  col_length: fn(SMALLINT, [LONG_NAME, NAME], (env, [name, column]) => {
    const found = columnNamed(tableNamed(env, name), column);
    return found ? factsOf(found.type, found.typeName).maxLength : null;
  }),
  columnproperty: fn(INT, [INT, NAME, NAME], (env, [id, column, property]) => {
    const found = columnNamed(tableById(env, id), column);
    return found ? columnProperty(found, textArg(property)) : null;
  }),
  objectproperty: fn(INT, [INT, NAME], (env, [id, property]) => objectProperty(env, id, textArg(property))),
  objectpropertyex: fn({ k: 'sql_variant' }, [INT, NAME], (env, [id, property]) => {
    const value = objectProperty(env, id, textArg(property));
    return value === null ? null : { variant: INT, value };
  }),
  index_col: fn(NAME, [LONG_NAME, INT, INT], (env, [name, index, at]) => indexColumn(env, name, index, at)),
  ident_current: fn(IDENTITY, [LONG_NAME], (env, [name]) => {
    const table = tableNamed(env, name)?.table;
    if (!table || table.identityAt < 0) return null;
    return table.lastIdentity ?? table.columns[table.identityAt]!.identity!.seed;
  }),
  ident_seed: fn(IDENTITY, [LONG_NAME], (env, [name]) => {
    const table = tableNamed(env, name)?.table;
    return table && table.identityAt >= 0 ? table.columns[table.identityAt]!.identity!.seed : null;
  }),
  ident_incr: fn(IDENTITY, [LONG_NAME], (env, [name]) => {
    const table = tableNamed(env, name)?.table;
    return table && table.identityAt >= 0 ? table.columns[table.identityAt]!.identity!.increment : null;
  }),
};
