import { catalogTables } from '../../catalog/catalogTables.ts';
import { sid } from '../../catalog/databaseViews.ts';
import { securityIn, sees } from '../../catalog/visibility.ts';
import { OBJECT_PERMISSIONS } from '../../security/permissions.ts';
import type { SecurityContext } from '../../security/securityContext.ts';
import { INT, nvarchar, type SqlValue, varbinary } from '../../sql/values.ts';
import type { Database } from '../model/database.ts';
import type { Execution } from '../run/execution.ts';
import { type FunctionGroup, fn } from './engineFunction.ts';
import { databaseOfName, parseTextName } from './nameText.ts';

const NAME = nvarchar(128);
const LONG_NAME = nvarchar(1035);
const SID = varbinary(85);

const textArg = (value: SqlValue | undefined): string => (typeof value === 'string' ? value : '');
const yesNo = (yes: boolean): number => (yes ? 1 : 0);

/** HAS_PERMS_BY_NAME: 1 yes, 0 no, NULL when the securable does not exist or the class is not known. */
function hasPermission(env: Execution, args: readonly SqlValue[]): number | null {
  const [securable, kind, permission] = args;
  const wanted = textArg(permission).trim().toUpperCase();
  if (wanted === '') return null;
  if (kind === null || kind === undefined)
    return securable === null ? yesNo(env.session.security.hasServer(wanted)) : null;
  switch (textArg(kind).toUpperCase()) {
    case 'SERVER':
      return yesNo(env.session.security.hasServer(wanted));
    case 'DATABASE':
      return onDatabase(env, securable ?? null, wanted);
    case 'SCHEMA':
      return onSchema(env, textArg(securable), wanted);
    case 'OBJECT':
      return onObject(env, textArg(securable), wanted, textArg(args[3]));
    case 'TYPE':
      return onType(env, textArg(securable), wanted);
    default:
      return null;
  }
}

function contextIn(env: Execution, database: Database | undefined): SecurityContext | undefined {
  return database && securityIn(env.session, database, env.session.server);
}

function onDatabase(env: Execution, name: SqlValue, permission: string): number | null {
  const database =
    name === null ? env.database : env.session.server.findDatabase(parseTextName(textArg(name))?.name ?? '');
  if (!database) return null;
  const security = contextIn(env, database);
  if (!security) return 0;
  return yesNo(security.hasDatabase(permission) || security.has(permission, { class: 'DATABASE', id: 0 }));
}

function onSchema(env: Execution, text: string, permission: string): number | null {
  const schema = env.database.schemas.get(parseTextName(text)?.name.toLowerCase() ?? '');
  const security = contextIn(env, env.database);
  if (!schema || !security) return null;
  const owns = schema.owner.toLowerCase() === security.user.toLowerCase();
  return yesNo(owns || security.has(permission, { class: 'SCHEMA', id: schema.id }));
}

function onObject(env: Execution, text: string, permission: string, column: string): number | null {
  const name = parseTextName(text);
  const database = name && databaseOfName(name, env.session, env.database);
  const security = contextIn(env, database);
  if (!name || !database || !security) return null;
  const schemas = name.schema === '' ? [env.session.defaultSchema, 'dbo'] : [name.schema];
  const object = schemas
    .map((schema) => database.find(schema, name.name) ?? changeTableNamed(database, schema, name.name))
    .find(Boolean);
  if (!object || !sees({ security, database }, object)) return null;
  if (object.schema.owner.toLowerCase() === security.user.toLowerCase()) return 1;
  const securable = {
    class: 'OBJECT' as const,
    id: object.id,
    schemaId: object.schema.id,
    column: column.toLowerCase(),
  };
  const wanted = permission === 'ANY' ? OBJECT_PERMISSIONS : [permission];
  return yesNo(wanted.some((one) => security.has(one, securable)));
}

function changeTableNamed(database: Database, schema: string, name: string) {
  if (schema.toLowerCase() !== 'cdc') return undefined;
  return catalogTables(database).find((table) => table.shipped && table.name.toLowerCase() === name.toLowerCase());
}

function onType(env: Execution, text: string, permission: string): number | null {
  const name = parseTextName(text);
  const type = name && env.database.findType(name.schema || 'dbo', name.name);
  const security = contextIn(env, env.database);
  if (!type || !security) return null;
  return yesNo(security.has(permission, { class: 'TYPE', id: type.id, schemaId: type.schema.id }));
}

function isRoleMember(env: Execution, role: string, user: string | undefined): number | null {
  const { principals } = env.database;
  if (principals.find(role)?.kind !== 'role') return null;
  if (user === undefined) return yesNo(env.session.security.isMember(role));
  if (!principals.find(user)) return null;
  return yesNo(principals.rolesOf(user).has(role.toLowerCase()));
}

function isServerRoleMember(env: Execution, role: string, login: string | undefined): number | null {
  const { logins } = env.session.server;
  if (!logins.roles.has(role.toLowerCase())) return null;
  if (login !== undefined && !logins.find(login)) return null;
  const { security } = env.session;
  if (login === undefined && !security.serverScope) return yesNo(role.toLowerCase() === 'public');
  return yesNo(logins.isInRole(login ?? security.login, role));
}

const currentLogin = (env: Execution): string => env.session.security.login;
const currentUser = (env: Execution): string => env.session.security.user;

function loginBySid(env: Execution, bytes: SqlValue): string | null {
  if (!Buffer.isBuffer(bytes)) return null;
  return [...env.session.server.logins.all].find((login) => sid(login.id).equals(bytes))?.name ?? null;
}

/** Functions about who runs the statement and what they may do. */
export const securityFunctions: FunctionGroup = {
  has_perms_by_name: fn(INT, [LONG_NAME, nvarchar(60), NAME, NAME, nvarchar(60)], hasPermission, 3),
  is_member: fn(INT, [NAME], (env, [role]) => isRoleMember(env, textArg(role), undefined)),
  is_rolemember: fn(
    INT,
    [NAME, NAME],
    (env, [role, user]) => isRoleMember(env, textArg(role), typeof user === 'string' ? user : undefined),
    1,
  ),
  is_srvrolemember: fn(
    INT,
    [NAME, NAME],
    (env, [role, login]) => isServerRoleMember(env, textArg(role), typeof login === 'string' ? login : undefined),
    1,
  ),
  original_login: fn(NAME, [], (env) => env.session.originalLogin),
  suser_sname: fn(NAME, [SID], (env, [bytes]) => (bytes === undefined ? currentLogin(env) : loginBySid(env, bytes)), 0),
  suser_name: fn(
    NAME,
    [INT],
    (env, [id]) =>
      id === undefined
        ? currentLogin(env)
        : ([...env.session.server.logins.all].find((login) => login.id === id)?.name ?? null),
    0,
  ),
  suser_id: fn(
    INT,
    [NAME],
    (env, [name]) => env.session.server.logins.find(name === undefined ? currentLogin(env) : textArg(name))?.id ?? null,
    0,
  ),
  suser_sid: fn(
    SID,
    [NAME],
    (env, [name]) => {
      const login = env.session.server.logins.find(name === undefined ? currentLogin(env) : textArg(name));
      return login ? sid(login.id) : null;
    },
    0,
  ),
  system_user: fn(NAME, [], currentLogin),
  current_user: fn(NAME, [], currentUser),
  session_user: fn(NAME, [], currentUser),
  user: fn(NAME, [], currentUser),
  user_name: fn(
    NAME,
    [INT],
    (env, [id]) =>
      id === undefined
        ? currentUser(env)
        : ([...env.database.principals.all].find((one) => one.id === id)?.name ?? null),
    0,
  ),
  user_id: fn(
    INT,
    [NAME],
    (env, [name]) => env.database.principals.find(name === undefined ? currentUser(env) : textArg(name))?.id ?? null,
    0,
  ),
  database_principal_id: fn(
    INT,
    [NAME],
    (env, [name]) => env.database.principals.find(name === undefined ? currentUser(env) : textArg(name))?.id ?? null,
    0,
  ),
};
