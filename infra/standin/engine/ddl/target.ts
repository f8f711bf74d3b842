import type { ObjectName } from '../../sql/ast.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Database } from '../model/database.ts';
import type { Schema } from '../model/schema.ts';
import type { TableObject } from '../model/tableObject.ts';
import { findObject, writtenName } from '../query/namedSource.ts';
import type { Execution } from '../run/execution.ts';
import type { Runner } from '../run/runner.ts';

/** The database a definition goes to. */
export function databaseFor(runner: Runner, env: Execution, name: ObjectName): Database {
  return runner.context(env).databaseOf(name);
}

/** The schema a new object goes to; 2760 when there is none. */
export function schemaFor(runner: Runner, database: Database, name: ObjectName): Schema {
  const wanted = name.schema || runner.session.defaultSchema;
  const schema = database.schemas.get(wanted.toLowerCase()) ?? (name.schema ? undefined : database.schemas.get('dbo'));
  if (!schema) throw sqlError(2760, wanted);
  return schema;
}

/** Throws 262 without the right to create something in the database. */
export function requireCreate(runner: Runner, database: Database, permission: string): void {
  const { session } = runner;
  const security =
    database === session.database ? session.security : session.server.contextFor(session.security.login, database);
  if (security.isOwner || security.roles.has('db_ddladmin') || security.hasDatabase(permission)) return;
  throw sqlError(262, permission, database.name);
}

/** Throws 1088/15151 without the right to alter the object's schema. */
export function requireAlter(
  runner: Runner,
  database: Database,
  object: { id: number; schema: Schema; name: string },
): void {
  const { session } = runner;
  const security =
    database === session.database ? session.security : session.server.contextFor(session.security.login, database);
  if (database.isTemp || security.isOwner) return;
  if (security.has('ALTER', { class: 'OBJECT', id: object.id, schemaId: object.schema.id })) return;
  throw sqlError(1088, object.name);
}

/** The table a definition changes; 4902 when there is none. */
export function tableFor(runner: Runner, env: Execution, name: ObjectName, line: number, error = 4902): TableObject {
  try {
    const { object } = findObject(name, runner.context(env), line);
    if (object.kind === 'table') return object;
  } catch {
    // Reported below in the words of the definition.
  }
  throw sqlError(error, writtenName(name)).at(line);
}

/** Notes that a table's definition changed: compiled statements go, and older snapshots may not read it any more. */
export function tableChanged(runner: Runner, table: TableObject): void {
  const { server } = runner.session;
  table.compiled = null;
  table.modifiedMs = server.nowMs();
  table.definedAtSeq = server.transactions.nextSeq();
  server.changed();
}
