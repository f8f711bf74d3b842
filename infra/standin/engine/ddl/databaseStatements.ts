import { sqlError, unsupported } from '../../sql/errors.ts';
import { setDatabaseTracking } from '../../tracking/trackingStatements.ts';
import type { Database } from '../model/database.ts';
import type { Handler, Runner } from '../run/runner.ts';

const createDatabase: Handler<'createDatabase'> = (runner, { name }) => {
  const { session } = runner;
  if (
    !session.security.hasServer('CREATE ANY DATABASE') &&
    !session.server.logins.isInRole(session.security.login, 'dbcreator')
  )
    throw sqlError(262, 'CREATE DATABASE', 'master');
  session.server.createDatabase(name, session.security.login);
  return null;
};

/** Options that are taken and shown nowhere: they change storage or defaults this program does not have. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'AUTO_CLOSE',
  'AUTO_SHRINK',
  'AUTO_CREATE_STATISTICS',
  'AUTO_UPDATE_STATISTICS',
  'AUTO_UPDATE_STATISTICS_ASYNC',
  'PAGE_VERIFY',
  'MULTI_USER',
  'QUERY_STORE',
  'DELAYED_DURABILITY',
  'ACCELERATED_DATABASE_RECOVERY',
  'TARGET_RECOVERY_TIME',
  'TRUSTWORTHY',
  'PARAMETERIZATION',
  'ENABLE_BROKER',
  'DISABLE_BROKER',
  'NEW_BROKER',
  'ARITHABORT',
  'QUOTED_IDENTIFIER',
  'RECURSIVE_TRIGGERS',
  'NUMERIC_ROUNDABORT',
  'CONCAT_NULL_YIELDS_NULL',
]);

const alterDatabase: Handler<'alterDatabase'> = (runner, statement) => {
  const { session } = runner;
  const database = statement.database ? session.server.findDatabase(statement.database) : session.database;
  if (!database) throw sqlError(5011, statement.database ?? '');
  const security =
    database === session.database ? session.security : session.server.contextFor(session.security.login, database);
  if (!security.isOwner) throw sqlError(5011, database.name);
  if (statement.tracking) setDatabaseTracking(session.server, database, statement.tracking);
  for (const { name, value } of statement.options) {
    if (name === 'SINGLE_USER' || name === 'RESTRICTED_USER') assertAlone(runner, database, name);
    else setOption(database, name, value);
  }
  session.server.changed();
  return null;
};

/** Sessions of others are not thrown out: who wants the database alone must be alone in it already. Newcomers are not kept out. */
function assertAlone({ session }: Runner, database: Database, option: string): void {
  for (const other of session.server.sessions)
    if (other !== session && other.database === database)
      throw unsupported(`ALTER DATABASE SET ${option} while others use the database`);
}

function setOption(database: Database, name: string, value: string): void {
  const { options } = database;
  const on = value === 'ON';
  switch (name) {
    case 'ALLOW_SNAPSHOT_ISOLATION':
      options.snapshotIsolation = on;
      return;
    case 'READ_COMMITTED_SNAPSHOT':
      options.readCommittedSnapshot = on;
      return;
    case 'COMPATIBILITY_LEVEL':
      options.compatibilityLevel = Number(value);
      return;
    case 'RECOVERY':
      options.recoveryModel = value as typeof options.recoveryModel;
      return;
    case 'READ_ONLY':
    case 'READ_WRITE':
      options.readOnly = name === 'READ_ONLY';
      return;
    case 'OFFLINE':
    case 'EMERGENCY':
      throw unsupported(`ALTER DATABASE SET ${name}`);
    default:
      if (!WITHOUT_EFFECT.has(name) && !name.startsWith('ANSI_')) throw unsupported(`ALTER DATABASE SET ${name}`);
      options.other.set(name, value);
  }
}

export const DATABASE_STATEMENTS = { createDatabase, alterDatabase };
