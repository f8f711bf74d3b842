import type { Queryable } from './connection.ts';

/** What a login can do in its database, as far as it may know itself. */
export interface LoginRights {
  /** Server and database roles it is a member of, of those that matter. */
  readonly roles: readonly string[];
  /** Rights on the server or on the whole database beyond connecting. */
  readonly wide: readonly string[];
  /** Rights on single objects: `SELECT on dbo.PRODUCT`. */
  readonly objects: readonly string[];
}

const SERVER_ROLES = ['sysadmin', 'securityadmin', 'serveradmin', 'dbcreator', 'bulkadmin', 'processadmin'];
const DATABASE_ROLES = [
  'db_owner',
  'db_datareader',
  'db_datawriter',
  'db_ddladmin',
  'db_securityadmin',
  'db_accessadmin',
  'db_backupoperator',
];
const SERVER_RIGHTS = [
  'CONTROL SERVER',
  'ALTER ANY LOGIN',
  'ALTER ANY DATABASE',
  'ALTER SETTINGS',
  'VIEW SERVER STATE',
  'ADMINISTER BULK OPERATIONS',
];
const DATABASE_RIGHTS = [
  'CONTROL',
  'ALTER',
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'EXECUTE',
  'REFERENCES',
  'CREATE TABLE',
  'CREATE PROCEDURE',
  'ALTER ANY USER',
  'VIEW DATABASE STATE',
];
const OBJECT_RIGHTS = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'ALTER'];

const quoted = (text: string): string => `N'${text.replaceAll("'", "''")}'`;

/** https://learn.microsoft.com/sql/t-sql/functions/is-srvrolemember-transact-sql and is-member-transact-sql: 1 member, 0 not, NULL unknown. */
const ROLES = `SELECT ${[
  ...SERVER_ROLES.map((role) => `IS_SRVROLEMEMBER(${quoted(role)}) AS [${role}]`),
  ...DATABASE_ROLES.map((role) => `IS_MEMBER(${quoted(role)}) AS [${role}]`),
].join(', ')}`;

/** https://learn.microsoft.com/sql/t-sql/functions/has-perms-by-name-transact-sql: 1 yes, 0 no, NULL when the question makes no sense. */
const WIDE = `SELECT ${[
  ...SERVER_RIGHTS.map((right) => `HAS_PERMS_BY_NAME(NULL, NULL, ${quoted(right)}) AS [server ${right}]`),
  ...DATABASE_RIGHTS.map(
    (right) => `HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', ${quoted(right)}) AS [database ${right}]`,
  ),
].join(', ')}`;

/** Users see only objects they have some right on (metadata visibility), so this list is short for a minimal login. */
const OBJECTS = `SELECT s.name AS schemaName, o.name AS objectName, ${OBJECT_RIGHTS.map(
  (right) =>
    `HAS_PERMS_BY_NAME(QUOTENAME(s.name) + N'.' + QUOTENAME(o.name), N'OBJECT', ${quoted(right)}) AS [${right}]`,
).join(', ')}
FROM sys.objects AS o INNER JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE o.is_ms_shipped = 0 AND o.type IN ('U', 'V', 'P', 'FN', 'IF', 'TF')`;

const namesOf = (row: Readonly<Record<string, unknown>> | undefined): string[] =>
  Object.entries(row ?? {}).flatMap(([name, value]) => (value === 1 ? [name] : []));

/** Asks the server, as the login itself, what the login can do. */
export async function readLoginRights(database: Queryable, signal?: AbortSignal): Promise<LoginRights> {
  const roles = await database.query(ROLES, {}, signal);
  const wide = await database.query(WIDE, {}, signal);
  const objects = await database.query<{ schemaName: string; objectName: string } & Record<string, unknown>>(
    OBJECTS,
    {},
    signal,
  );
  return {
    roles: namesOf(roles[0]),
    wide: namesOf(wide[0]),
    objects: objects.flatMap((row) => namesOf(row).map((right) => `${right} on ${row.schemaName}.${row.objectName}`)),
  };
}
