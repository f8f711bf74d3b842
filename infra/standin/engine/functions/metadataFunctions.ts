import { changeTable } from '../../catalog/catalogTables.ts';
import { type CatalogObject, catalogObjects } from '../../catalog/objectList.ts';
import { SYSTEM_TYPE_FACTS, systemTypeNamed } from '../../catalog/typeFacts.ts';
import { securityIn, sees } from '../../catalog/visibility.ts';
import { INT, nvarchar, SMALLINT, type SqlValue } from '../../sql/values.ts';
import type { Database } from '../model/database.ts';
import type { Execution } from '../run/execution.ts';
import { type FunctionGroup, fn } from './engineFunction.ts';
import { databaseOfName, parseTextName } from './nameText.ts';

const NAME = nvarchar(128);
/** Names of several parts, as text. */
const LONG_NAME = nvarchar(1035);

const textArg = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');
const numberArg = (value: SqlValue | undefined): number | null => (typeof value === 'number' ? value : null);

/** The database with that id; the current one when none was given. */
function databaseById(env: Execution, id: SqlValue | undefined): Database | undefined {
  if (id === undefined) return env.database;
  return [...env.session.server.databases.values()].find((database) => database.id === id);
}

function visible(env: Execution, database: Database, object: CatalogObject['securedBy'] | undefined): boolean {
  if (!object) return false;
  if (database.isTemp) return true;
  const security = securityIn(env.session, database, env.session.server);
  return security !== undefined && sees({ security, database }, object);
}

/** An object of any kind by id, as far as the session may see it: the quick ways first, since queries ask for each row. */
function namedById(env: Execution, database: Database, id: number): { name: string; schema: string } | undefined {
  const object = database.objectsById.get(id);
  if (object) {
    const securedBy = object.kind === 'trigger' ? object.table : object;
    return visible(env, database, securedBy) ? { name: object.name, schema: object.schema.name } : undefined;
  }
  const capture = [...(database.cdc?.captures.values() ?? [])].find(({ objectId }) => objectId === id);
  const found = capture ? changeTable(capture, database) : catalogObjects(database).find((other) => other.id === id);
  if (!found || !visible(env, database, 'securedBy' in found ? found.securedBy : found)) return undefined;
  return { name: found.name, schema: found.schema.name };
}

/** Type codes of OBJECT_ID's second argument that mean a kind of object. */
function matchesType(object: CatalogObject, wanted: string): boolean {
  return wanted === '' || object.type.trim() === wanted.trim().toUpperCase();
}

/** OBJECT_ID: undefined when the text is no name, or names nothing the session can see. */
export function objectIdOf(env: Execution, text: string, type = ''): number | null {
  const name = parseTextName(text);
  if (!name) return null;
  if (name.name.startsWith('#')) return env.session.findTemp(name.name.toLowerCase())?.id ?? null;
  const database = databaseOfName(name, env.session, env.database);
  if (!database) return null;
  const schemas = name.schema === '' ? [env.session.defaultSchema, 'dbo'] : [name.schema];
  for (const schema of schemas) {
    const object = database.find(schema, name.name);
    if (object && type === '')
      return visible(env, database, object.kind === 'trigger' ? object.table : object) ? object.id : null;
  }
  const [wantedName, wantedSchemas] = [name.name.toLowerCase(), schemas.map((schema) => schema.toLowerCase())];
  const found = catalogObjects(database).find(
    (object) =>
      object.name.toLowerCase() === wantedName &&
      wantedSchemas.includes(object.schema.name.toLowerCase()) &&
      matchesType(object, type),
  );
  return found && visible(env, database, found.securedBy) ? found.id : null;
}

function typeIdOf(env: Execution, text: string): number | null {
  const name = parseTextName(text);
  if (!name) return null;
  if (name.schema === '' || name.schema.toLowerCase() === 'sys') {
    const system = systemTypeNamed(name.name);
    if (system) return system.userTypeId;
  }
  return env.database.findType(name.schema || 'dbo', name.name)?.id ?? null;
}

function typeNameOf(env: Execution, id: number): string | null {
  const system = SYSTEM_TYPE_FACTS.find((facts) => facts.userTypeId === id);
  if (system) return system.name;
  return [...env.database.types.values()].find((type) => type.id === id)?.name ?? null;
}

/** Functions that turn names into ids and back. */
export const metadataFunctions: FunctionGroup = {
  db_id: fn(
    SMALLINT,
    [NAME],
    (env, [name]) =>
      name === undefined ? env.database.id : (env.session.server.findDatabase(textArg(name))?.id ?? null),
    0,
  ),
  db_name: fn(NAME, [INT], (env, [id]) => databaseById(env, id)?.name ?? null, 0),
  original_db_name: fn(NAME, [], (env) => env.database.name),
  object_id: fn(
    INT,
    [LONG_NAME, nvarchar(10)],
    (env, [name, type]) => (type === null ? null : objectIdOf(env, textArg(name), textArg(type))),
    1,
  ),
  object_name: fn(
    NAME,
    [INT, INT],
    (env, [id, databaseId]) => {
      const database = databaseById(env, databaseId);
      const object = numberArg(id);
      return database && object !== null ? (namedById(env, database, object)?.name ?? null) : null;
    },
    1,
  ),
  object_schema_name: fn(
    NAME,
    [INT, INT],
    (env, [id, databaseId]) => {
      const database = databaseById(env, databaseId);
      const object = numberArg(id);
      return database && object !== null ? (namedById(env, database, object)?.schema ?? null) : null;
    },
    1,
  ),
  object_definition: fn(nvarchar(-1), [INT], (env, [id]) => {
    const object = env.database.objectsById.get(numberArg(id) ?? 0);
    if (!object || !('definition' in object) || !visible(env, env.database, object)) return null;
    return object.definition.text;
  }),
  schema_id: fn(
    INT,
    [NAME],
    (env, [name]) => {
      const wanted = name === undefined ? env.session.defaultSchema : textArg(name);
      return env.database.schemas.get(wanted.toLowerCase())?.id ?? null;
    },
    0,
  ),
  schema_name: fn(
    NAME,
    [INT],
    (env, [id]) => {
      if (id === undefined) return env.session.defaultSchema;
      return [...env.database.schemas.values()].find((schema) => schema.id === id)?.name ?? null;
    },
    0,
  ),
  type_id: fn(INT, [LONG_NAME], (env, [name]) => typeIdOf(env, textArg(name))),
  type_name: fn(NAME, [INT], (env, [id]) => typeNameOf(env, numberArg(id) ?? -1)),
};
