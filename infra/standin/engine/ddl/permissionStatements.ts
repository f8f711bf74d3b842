import type { PermissionEntry, PermissionList, SecurableClass } from '../../security/permissions.ts';
import type { PermissionStatement, Securable } from '../../sql/astDdl.ts';
import { sqlError } from '../../sql/errors.ts';
import type { TableObject } from '../model/tableObject.ts';
import { writtenName } from '../query/namedSource.ts';
import type { Handler, Runner } from '../run/runner.ts';

/** Permissions of the server: these are granted in master to logins. */
const SERVER_PERMISSIONS: ReadonlySet<string> = new Set([
  'VIEW SERVER STATE',
  'VIEW SERVER PERFORMANCE STATE',
  'VIEW SERVER SECURITY STATE',
  'VIEW ANY DEFINITION',
  'VIEW ANY DATABASE',
  'CONTROL SERVER',
  'ALTER ANY LOGIN',
  'ALTER ANY DATABASE',
  'ALTER SERVER STATE',
  'CONNECT SQL',
  'CREATE ANY DATABASE',
  'ALTER TRACE',
]);

/** What ALL means on an object: for routines EXECUTE, for the others the four of DML and REFERENCES. */
const ALL_OF_TABLE = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES'];

const ALL_OF_COLUMN = ['SELECT', 'UPDATE', 'REFERENCES'];

interface Target {
  readonly list: PermissionList;
  readonly class: SecurableClass;
  readonly id: number;
  readonly all: readonly string[];
  /** The object, when it is a table: its columns are known. */
  readonly table?: TableObject | undefined;
}

const permission: Handler<'permission'> = (runner, statement) => {
  const { session } = runner;
  const target = targetOf(runner, statement);
  for (const name of statement.principals) {
    checkPrincipal(runner, target, name);
    for (const wanted of statement.permissions) {
      const all = wanted.columns.length > 0 ? ALL_OF_COLUMN : target.all;
      const names = wanted.name === 'ALL' ? all : [wanted.name];
      const columns = wanted.columns.length > 0 ? wanted.columns : [''];
      checkColumns(target, wanted);
      for (const permissionName of names)
        for (const column of columns)
          change(target, statement, {
            class: target.class,
            securableId: target.id,
            column: column.toLowerCase(),
            permission: permissionName,
            grantee: name,
            grantor: session.security.user,
            state: statement.action === 'deny' ? 'DENY' : statement.grantOption ? 'GRANT_WITH_GRANT_OPTION' : 'GRANT',
          });
    }
  }
  session.server.securityChanged();
  return null;
};

/** Permissions that single columns can be given. */
const COLUMN_PERMISSIONS: ReadonlySet<string> = new Set(['SELECT', 'UPDATE', 'REFERENCES', 'ALL']);

/** 1020 for a column list behind a permission that has none, 1911 for a column that is not there. */
function checkColumns(target: Target, { name, columns }: PermissionStatement['permissions'][number]): void {
  if (columns.length === 0) return;
  if (target.class !== 'OBJECT' || !COLUMN_PERMISSIONS.has(name)) throw sqlError(1020);
  const unknown = target.table && columns.find((column) => target.table!.columnAt(column) < 0);
  if (unknown !== undefined) throw sqlError(1911, unknown);
}

/** A permission on the object as a whole replaces those of its columns (sql-docs: GRANT, object permissions). */
function change(target: Target, statement: PermissionStatement, entry: PermissionEntry): void {
  if (entry.class === 'OBJECT' && entry.column === '') target.list.removeColumns(entry);
  if (statement.action === 'revoke') target.list.remove(entry);
  else target.list.put(entry);
}

function checkPrincipal(runner: Runner, target: Target, name: string): void {
  const { session } = runner;
  const known =
    target.class === 'SERVER' || target.class === 'LOGIN'
      ? (session.server.logins.find(name) ?? session.server.logins.roles.get(name.toLowerCase()))
      : session.database.principals.find(name);
  if (!known) throw sqlError(15151, 'find', target.class === 'SERVER' ? 'login' : 'user', name);
}

function targetOf(runner: Runner, statement: PermissionStatement): Target {
  const { session } = runner;
  const { securable } = statement;
  if (securable) return securableTarget(runner, securable);
  const server = statement.permissions.some(({ name }) => SERVER_PERMISSIONS.has(name));
  if (server) {
    if (!session.security.isSysadmin) throw sqlError(4613);
    if (session.database.name !== 'master') throw sqlError(4621);
    return { list: session.server.logins.permissions, class: 'SERVER', id: 0, all: [] };
  }
  requireGrantor(runner);
  return { list: session.database.principals.permissions, class: 'DATABASE', id: 0, all: [] };
}

function requireGrantor(runner: Runner): void {
  const { security } = runner.session;
  if (security.isOwner || security.roles.has('db_securityadmin')) return;
  throw sqlError(4613);
}

function securableTarget(runner: Runner, { class: kind, name }: Securable): Target {
  const { session } = runner;
  const { database } = session;
  const list = database.principals.permissions;
  requireGrantor(runner);
  switch (kind) {
    case 'SCHEMA': {
      const schema = database.schemas.get(name.name.toLowerCase());
      if (!schema) throw sqlError(15151, 'find', 'schema', name.name);
      return { list, class: 'SCHEMA', id: schema.id, all: [...ALL_OF_TABLE, 'EXECUTE'] };
    }
    case 'TYPE': {
      const type = database.findType(name.schema ?? 'dbo', name.name);
      if (!type) throw sqlError(15151, 'find', 'type', name.name);
      return { list, class: 'TYPE', id: type.id, all: ['EXECUTE', 'REFERENCES'] };
    }
    case 'DATABASE':
      return { list, class: 'DATABASE', id: 0, all: [] };
    case 'LOGIN': {
      const login = session.server.logins.find(name.name);
      if (!login) throw sqlError(15151, 'find', 'login', name.name);
      return { list: session.server.logins.permissions, class: 'LOGIN', id: login.id, all: [] };
    }
    case 'USER':
    case 'ROLE': {
      const found = database.principals.find(name.name);
      if (!found) throw sqlError(15151, 'find', kind.toLowerCase(), name.name);
      return { list, class: kind, id: found.id, all: [] };
    }
    default: {
      const object =
        database.find(name.schema ?? session.defaultSchema, name.name) ??
        (name.schema ? undefined : database.find('dbo', name.name));
      const id = object?.id ?? cdcObjectId(runner, name.schema, name.name);
      if (id === undefined) throw sqlError(15151, 'find', 'object', writtenName(name));
      const routine = object?.kind === 'procedure' || object?.kind === 'function';
      const table = object?.kind === 'table' ? object : undefined;
      return { list, class: 'OBJECT', id, all: routine ? ['EXECUTE'] : ALL_OF_TABLE, table };
    }
  }
}

/** Change tables can be granted on like any table. */
function cdcObjectId(runner: Runner, schema: string | undefined, name: string): number | undefined {
  const { cdc } = runner.session.database;
  if (!cdc || schema?.toLowerCase() !== 'cdc') return undefined;
  return cdc.objectIdOf(name);
}

export const PERMISSION_STATEMENTS = { permission };
