import type { Database } from '../engine/model/database.ts';
import { BIT, DATETIME, GUID, INT, nvarchar, SMALLINT, SYSNAME, TINYINT, VARIANT } from '../sql/values.ts';
import {
  asDatetime,
  bit,
  type CatalogContext,
  CI_COLLATION,
  DESC,
  type ViewGroup,
  type ViewRow,
  view,
} from './view.ts';

const RECOVERY: Readonly<Record<Database['options']['recoveryModel'], number>> = { FULL: 1, BULK_LOGGED: 2, SIMPLE: 3 };

function* databaseRows({ server }: CatalogContext): Iterable<ViewRow> {
  for (const database of server.databases.values()) {
    const { options } = database;
    const owner = server.logins.find(database.owner);
    yield {
      name: database.name,
      database_id: database.id,
      owner_sid: owner ? sid(owner.id) : null,
      create_date: asDatetime(database.createdMs),
      compatibility_level: options.compatibilityLevel,
      collation_name: CI_COLLATION,
      user_access: 0,
      user_access_desc: 'MULTI_USER',
      is_read_only: bit(options.readOnly),
      is_auto_close_on: 0,
      is_auto_shrink_on: 0,
      state: 0,
      state_desc: 'ONLINE',
      is_in_standby: 0,
      snapshot_isolation_state: options.snapshotIsolation ? 1 : 0,
      snapshot_isolation_state_desc: options.snapshotIsolation ? 'ON' : 'OFF',
      is_read_committed_snapshot_on: bit(options.readCommittedSnapshot),
      recovery_model: RECOVERY[options.recoveryModel],
      recovery_model_desc: options.recoveryModel,
      page_verify_option: 2,
      page_verify_option_desc: 'CHECKSUM',
      is_ansi_nulls_on: 0,
      is_quoted_identifier_on: 0,
      is_published: 0,
      is_encrypted: 0,
      is_broker_enabled: 0,
      log_reuse_wait: 0,
      log_reuse_wait_desc: 'NOTHING',
      is_cdc_enabled: bit(database.cdc !== null),
      containment: 0,
      containment_desc: 'NONE',
    };
  }
}

/** The sid of a SQL login, as the catalog shows it: made from its id. */
export function sid(loginId: number): Buffer {
  if (loginId === 1) return Buffer.of(1);
  const bytes = Buffer.alloc(16, 0x5d);
  bytes.writeUInt32LE(loginId, 0);
  return bytes;
}

function* schemaRows({ database }: CatalogContext): Iterable<ViewRow> {
  for (const schema of database.schemas.values())
    yield { name: schema.name, schema_id: schema.id, principal_id: database.principals.find(schema.owner)?.id ?? 1 };
}

/** Views of databases, schemas and the server's settings. */
export const databaseViews: ViewGroup = {
  databases: view(
    {
      name: SYSNAME,
      database_id: INT,
      source_database_id: INT,
      owner_sid: { k: 'varbinary', n: 85 },
      create_date: DATETIME,
      compatibility_level: TINYINT,
      collation_name: SYSNAME,
      user_access: TINYINT,
      user_access_desc: DESC,
      is_read_only: BIT,
      is_auto_close_on: BIT,
      is_auto_shrink_on: BIT,
      state: TINYINT,
      state_desc: DESC,
      is_in_standby: BIT,
      snapshot_isolation_state: TINYINT,
      snapshot_isolation_state_desc: DESC,
      is_read_committed_snapshot_on: BIT,
      recovery_model: TINYINT,
      recovery_model_desc: DESC,
      page_verify_option: TINYINT,
      page_verify_option_desc: DESC,
      is_ansi_nulls_on: BIT,
      is_quoted_identifier_on: BIT,
      is_published: BIT,
      is_encrypted: BIT,
      is_broker_enabled: BIT,
      log_reuse_wait: TINYINT,
      log_reuse_wait_desc: DESC,
      is_cdc_enabled: BIT,
      containment: TINYINT,
      containment_desc: DESC,
      replica_id: GUID,
    },
    databaseRows,
  ),
  schemas: view({ name: SYSNAME, schema_id: INT, principal_id: INT }, schemaRows),
  configurations: view(
    {
      configuration_id: INT,
      name: nvarchar(35),
      value: VARIANT,
      value_in_use: VARIANT,
      is_dynamic: BIT,
      is_advanced: BIT,
    },
    () => [],
  ),
  change_tracking_databases: view(
    { database_id: INT, is_auto_cleanup_on: TINYINT, retention_period: INT, retention_period_units: TINYINT },
    ({ server }) =>
      [...server.databases.values()].flatMap(({ id, tracking }) =>
        tracking
          ? [
              {
                database_id: id,
                is_auto_cleanup_on: Number(tracking.autoCleanup),
                retention_period: tracking.retention,
                retention_period_units: ['MINUTES', 'HOURS', 'DAYS'].indexOf(tracking.unit) + 1,
              },
            ]
          : [],
      ),
  ),
  availability_replicas: view({ replica_id: GUID, group_id: GUID, replica_server_name: nvarchar(256) }, () => []),
  filegroups: view({ name: SYSNAME, data_space_id: INT, type: { k: 'char', n: 2 }, is_default: BIT }, () => [
    { name: 'PRIMARY', data_space_id: 1, type: 'FG', is_default: 1 },
  ]),
  servers: view({ server_id: INT, name: SYSNAME, product: SYSNAME, is_linked: BIT, lcid: SMALLINT }, () => [
    { server_id: 0, name: 'STANDIN', product: 'SQL Server', is_linked: 0, lcid: 1033 },
  ]),
};
