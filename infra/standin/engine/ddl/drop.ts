import { dropCapturesOf } from '../../cdc/enableTable.ts';
import type { ObjectName } from '../../sql/ast.ts';
import type { DropKind } from '../../sql/astDdl.ts';
import { sqlError } from '../../sql/errors.ts';
import type { Database } from '../model/database.ts';
import type { DatabaseObject, UserType } from '../model/modules.ts';
import type { TableObject } from '../model/tableObject.ts';
import { writtenName } from '../query/namedSource.ts';
import type { Execution } from '../run/execution.ts';
import type { Awaitable, Flow } from '../run/flow.ts';
import { chain } from '../run/flow.ts';
import type { Handler, Runner } from '../run/runner.ts';
import { databaseFor, requireAlter } from './target.ts';

const OBJECT_KINDS: Partial<Record<DropKind, DatabaseObject['kind']>> = {
  TABLE: 'table',
  VIEW: 'view',
  PROCEDURE: 'procedure',
  FUNCTION: 'function',
  TRIGGER: 'trigger',
  SEQUENCE: 'sequence',
  SYNONYM: 'synonym',
};

export const drop: Handler<'drop'> = async (runner, statement, env) => {
  for (const name of statement.names) {
    const kind = OBJECT_KINDS[statement.object];
    const found = kind ? await dropObject(runner, env, name, kind) : dropOther(runner, env, statement.object, name);
    if (!found && !statement.ifExists) throw sqlError(3701, statement.object.toLowerCase(), writtenName(name));
  }
  runner.session.server.changed();
  return null;
};

function dropObject(
  runner: Runner,
  env: Execution,
  name: ObjectName,
  kind: DatabaseObject['kind'],
): Awaitable<boolean> {
  const { session } = runner;
  if (kind === 'table' && name.name.startsWith('#')) {
    const table = session.findTemp(name.name.toLowerCase());
    if (table && session.identityInsert === table) session.identityInsert = null;
    return session.dropTemp(name.name.toLowerCase());
  }
  const database = databaseFor(runner, env, name);
  const object = name.schema
    ? database.find(name.schema, name.name)
    : (database.find(session.defaultSchema, name.name) ?? database.find('dbo', name.name));
  if (object?.kind !== kind) return false;
  requireAlter(runner, database, object);
  if (object.kind === 'table') return chain(dropTable(runner, env, database, object), () => true);
  if (object.kind === 'trigger') object.table.triggers = object.table.triggers.filter((trigger) => trigger !== object);
  forget(database, object);
  return true;
}

function dropTable(runner: Runner, env: Execution, database: Database, table: TableObject): Awaitable<Flow> {
  const user = table.referencedBy.find((key) => key.table !== table);
  if (user) throw sqlError(3726, table.qualifiedName);
  const locked = runner.atomic(env, true, () => table.data.locks.lockTable(env.statement.tx, 'X'));
  return chain(locked, () => {
    for (const key of table.foreignKeys)
      key.parent.referencedBy = key.parent.referencedBy.filter((other) => other !== key);
    for (const trigger of table.triggers) database.remove(trigger);
    dropCapturesOf(database, table);
    forget(database, table);
    return null;
  });
}

function forget(database: Database, object: DatabaseObject): void {
  database.remove(object);
  database.principals.permissions.removeSecurable('OBJECT', object.id);
}

/** Things that are not schema objects; false when there is none of that name. */
function dropOther(runner: Runner, env: Execution, kind: DropKind, name: ObjectName): boolean {
  const { session } = runner;
  const database = kind === 'DATABASE' ? session.database : databaseFor(runner, env, name);
  if (kind !== 'DATABASE' && kind !== 'LOGIN' && !session.security.isOwner) throw sqlError(15247);
  switch (kind) {
    case 'TYPE': {
      const type =
        database.findType(name.schema ?? session.defaultSchema, name.name) ?? database.findType('dbo', name.name);
      if (!type) return false;
      const user = moduleTaking(database, type);
      if (user) throw sqlError(3732, type.name, user.name);
      database.removeType(type);
      return true;
    }
    case 'SCHEMA':
      return dropSchema(database, name.name);
    case 'USER':
    case 'ROLE':
      return dropPrincipal(runner, database, kind, name.name);
    case 'LOGIN': {
      if (!session.security.hasServer('ALTER ANY LOGIN')) throw sqlError(15247);
      const login = session.server.logins.find(name.name);
      if (login) session.server.logins.remove(login);
      return login !== undefined;
    }
    default:
      return dropDatabase(runner, name.name);
  }
}

/** A procedure or function with a parameter of that type. */
function moduleTaking(database: Database, type: UserType): DatabaseObject | undefined {
  for (const object of database.objects.values()) {
    if (object.kind !== 'procedure' && object.kind !== 'function') continue;
    for (const { type: written } of object.definition.parameters)
      if (written.k === 'user' && database.findType(written.name.schema ?? 'dbo', written.name.name) === type)
        return object;
  }
  return undefined;
}

function dropSchema(database: Database, name: string): boolean {
  const schema = database.schemas.get(name.toLowerCase());
  if (!schema) return false;
  const inside = [...database.objects.values(), ...database.types.values()].find((object) => object.schema === schema);
  if (inside) throw sqlError(3729, 'DROP SCHEMA', name, inside.name);
  database.schemas.delete(name.toLowerCase());
  return true;
}

function dropPrincipal(runner: Runner, database: Database, kind: 'USER' | 'ROLE', name: string): boolean {
  const principal = database.principals.find(name);
  if (!principal || principal.kind !== kind.toLowerCase()) return false;
  if (kind === 'ROLE' && principal.members.size > 0) throw sqlError(15144);
  for (const schema of database.schemas.values())
    if (schema.owner.toLowerCase() === name.toLowerCase()) throw sqlError(15138);
  database.principals.remove(principal);
  runner.session.server.securityChanged();
  return true;
}

function dropDatabase(runner: Runner, name: string): boolean {
  const { session } = runner;
  const database = session.server.findDatabase(name);
  if (!database) return false;
  if (!session.security.isSysadmin && database.owner.toLowerCase() !== session.security.login.toLowerCase())
    throw sqlError(3701, 'database', name);
  for (const other of session.server.sessions) if (other.database === database) throw sqlError(3702, name);
  session.server.dropDatabase(name);
  return true;
}
