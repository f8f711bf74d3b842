import { type PermissionEntry, SECURABLE_CLASS } from '../security/permissions.ts';
import type { Principal } from '../security/principals.ts';
import { BIT, char, DATETIME, INT, SYSNAME, TINYINT } from '../sql/values.ts';
import { sid } from './databaseViews.ts';
import type { CatalogContext, ViewGroup, ViewRow } from './view.ts';
import { asDatetime, bit, DESC, view } from './view.ts';

const SID = { k: 'varbinary', n: 85 } as const;
const CHAR_1 = char(1);
const CHAR_4 = char(4);
/** Ids of server roles, in the order the server numbers them. */
const SERVER_ROLE_IDS: Readonly<Record<string, number>> = {
  public: 2,
  sysadmin: 3,
  securityadmin: 4,
  serveradmin: 5,
  setupadmin: 6,
  processadmin: 7,
  dbcreator: 9,
  bulkadmin: 10,
};

/** Type codes of permissions, as sys.database_permissions and sys.server_permissions show them. */
const PERMISSION_CODES: Readonly<Record<string, string>> = {
  ALTER: 'AL',
  'ALTER ANY USER': 'ALUS',
  CONNECT: 'CO',
  'CONNECT SQL': 'COSQ',
  CONTROL: 'CL',
  'CONTROL SERVER': 'CL',
  'CREATE PROCEDURE': 'CRPR',
  'CREATE TABLE': 'CRTB',
  DELETE: 'DL',
  EXECUTE: 'EX',
  INSERT: 'IN',
  REFERENCES: 'RF',
  SELECT: 'SL',
  'TAKE OWNERSHIP': 'TO',
  UPDATE: 'UP',
  'VIEW ANY DATABASE': 'VWDB',
  'VIEW ANY DEFINITION': 'VWAD',
  'VIEW DATABASE STATE': 'VWDS',
  'VIEW DEFINITION': 'VW',
  'VIEW SERVER STATE': 'VWSS',
};

const CLASS_DESC: Readonly<Record<string, string>> = {
  DATABASE: 'DATABASE',
  OBJECT: 'OBJECT_OR_COLUMN',
  SCHEMA: 'SCHEMA',
  USER: 'DATABASE_PRINCIPAL',
  ROLE: 'DATABASE_PRINCIPAL',
  TYPE: 'TYPE',
  SERVER: 'SERVER',
  LOGIN: 'SERVER_PRINCIPAL',
};

function* databasePrincipalRows({ database, server }: CatalogContext): Iterable<ViewRow> {
  for (const principal of database.principals.all) {
    const role = principal.kind === 'role';
    const login = principal.login === undefined ? undefined : server.logins.find(principal.login);
    yield {
      name: principal.name,
      principal_id: principal.id,
      type: role ? 'R' : 'S',
      type_desc: role ? 'DATABASE_ROLE' : 'SQL_USER',
      default_schema_name: role ? null : principal.defaultSchema,
      create_date: asDatetime(principal.createdMs),
      modify_date: asDatetime(principal.createdMs),
      owning_principal_id: role ? (database.principals.find(principal.owner)?.id ?? 1) : null,
      sid: login ? sid(login.id) : null,
      is_fixed_role: bit(role && principal.fixed && principal.id !== 0),
      authentication_type: login ? 1 : 0,
      authentication_type_desc: login ? 'INSTANCE' : 'NONE',
    };
  }
}

function* databaseRoleRows({ database }: CatalogContext): Iterable<ViewRow> {
  for (const role of database.principals.all)
    for (const member of role.members) {
      const principal: Principal | undefined = database.principals.find(member);
      if (principal) yield { role_principal_id: role.id, member_principal_id: principal.id };
    }
}

function permissionRow(entry: PermissionEntry, idOf: (name: string) => number | null): ViewRow {
  return {
    class: SECURABLE_CLASS[entry.class],
    class_desc: CLASS_DESC[entry.class]!,
    major_id: entry.securableId,
    minor_id: 0,
    grantee_principal_id: idOf(entry.grantee),
    grantor_principal_id: idOf(entry.grantor),
    type: (PERMISSION_CODES[entry.permission] ?? entry.permission.slice(0, 4)).padEnd(4),
    permission_name: entry.permission,
    state: entry.state === 'DENY' ? 'D' : entry.state === 'GRANT' ? 'G' : 'W',
    state_desc: entry.state,
  };
}

function* databasePermissionRows({ database }: CatalogContext): Iterable<ViewRow> {
  const { principals } = database;
  for (const entry of principals.permissions.entries) {
    const row = permissionRow(entry, (name) => principals.find(name)?.id ?? 1);
    const object = entry.column === '' ? undefined : database.objectsById.get(entry.securableId);
    yield object?.kind === 'table' ? { ...row, minor_id: object.columnAt(entry.column) + 1 } : row;
  }
}

function* serverPrincipalRows({ server }: CatalogContext): Iterable<ViewRow> {
  for (const login of server.logins.all)
    yield {
      name: login.name,
      principal_id: login.id,
      sid: sid(login.id),
      type: 'S',
      type_desc: 'SQL_LOGIN',
      is_disabled: bit(!login.enabled),
      create_date: asDatetime(login.createdMs),
      modify_date: asDatetime(login.createdMs),
      default_database_name: login.defaultDatabase,
      default_language_name: 'us_english',
      is_fixed_role: 0,
      is_policy_checked: 0,
      is_expiration_checked: 0,
    };
  for (const role of server.logins.roles.keys())
    yield {
      name: role,
      principal_id: SERVER_ROLE_IDS[role] ?? null,
      type: 'R',
      type_desc: 'SERVER_ROLE',
      is_disabled: 0,
      create_date: asDatetime(server.startedMs),
      modify_date: asDatetime(server.startedMs),
      is_fixed_role: bit(role !== 'public'),
    };
}

function* serverRoleRows({ server }: CatalogContext): Iterable<ViewRow> {
  for (const [role, members] of server.logins.roles)
    for (const member of members)
      yield {
        role_principal_id: SERVER_ROLE_IDS[role] ?? null,
        member_principal_id: server.logins.find(member)?.id ?? null,
      };
}

function* serverPermissionRows({ server }: CatalogContext): Iterable<ViewRow> {
  const idOf = (name: string): number | null =>
    server.logins.find(name)?.id ?? SERVER_ROLE_IDS[name.toLowerCase()] ?? 1;
  for (const entry of server.logins.permissions.entries) yield permissionRow(entry, idOf);
}

const PERMISSION_COLUMNS = {
  class: TINYINT,
  class_desc: DESC,
  major_id: INT,
  minor_id: INT,
  grantee_principal_id: INT,
  grantor_principal_id: INT,
  type: CHAR_4,
  permission_name: SYSNAME,
  state: CHAR_1,
  state_desc: DESC,
};

const SERVER_PRINCIPAL_COLUMNS = {
  name: SYSNAME,
  principal_id: INT,
  sid: SID,
  type: CHAR_1,
  type_desc: DESC,
  is_disabled: BIT,
  create_date: DATETIME,
  modify_date: DATETIME,
  default_database_name: SYSNAME,
  default_language_name: SYSNAME,
  is_fixed_role: BIT,
};

/** Views of logins, users, roles and permissions. */
export const principalViews: ViewGroup = {
  database_principals: view(
    {
      name: SYSNAME,
      principal_id: INT,
      type: CHAR_1,
      type_desc: DESC,
      default_schema_name: SYSNAME,
      create_date: DATETIME,
      modify_date: DATETIME,
      owning_principal_id: INT,
      sid: SID,
      is_fixed_role: BIT,
      authentication_type: INT,
      authentication_type_desc: DESC,
    },
    databasePrincipalRows,
  ),
  database_role_members: view({ role_principal_id: INT, member_principal_id: INT }, databaseRoleRows),
  database_permissions: view(PERMISSION_COLUMNS, databasePermissionRows),
  server_principals: view(SERVER_PRINCIPAL_COLUMNS, serverPrincipalRows),
  sql_logins: view({ ...SERVER_PRINCIPAL_COLUMNS, is_policy_checked: BIT, is_expiration_checked: BIT }, (context) =>
    [...serverPrincipalRows(context)].filter((row) => row['type'] === 'S'),
  ),
  server_role_members: view({ role_principal_id: INT, member_principal_id: INT }, serverRoleRows),
  server_permissions: view(PERMISSION_COLUMNS, serverPermissionRows),
};
