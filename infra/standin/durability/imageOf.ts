import type { CdcDatabase } from '../cdc/cdcDatabase.ts';
import type { Database } from '../engine/model/database.ts';
import type { DatabaseObject, UserType } from '../engine/model/modules.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { IndexOptions } from '../store/tableTypes.ts';
import type { CdcImage, DatabaseImage, ObjectImage, ServerImage, TableImage, TypeImage } from './images.ts';

/** Definitions of the running server as plain data. */

export function serverImage(server: ServerState): ServerImage {
  const { logins } = server;
  return {
    logins: [...logins.all],
    lastLoginId: logins.lastId,
    roles: logins.roles,
    permissions: logins.permissions.entries,
    lastDatabaseId: server.lastDatabaseId,
    maxTextReplSize: server.maxTextReplSize,
  };
}

export function databaseImage(database: Database): DatabaseImage {
  const { id, name, owner, createdMs, options, principals } = database;
  return {
    id,
    name,
    owner,
    createdMs,
    options,
    schemas: [...database.schemas.values()],
    counters: database.counters,
    principals: [...principals.all],
    lastPrincipalId: principals.lastId,
    permissions: principals.permissions.entries,
    types: [...database.types.values()].map(typeImage),
    cdc: database.cdc ? cdcImage(database.cdc) : null,
    tracking: database.tracking?.options ?? null,
  };
}

function cdcImage(cdc: CdcDatabase): CdcImage {
  return {
    enabledMs: cdc.enabledMs,
    metadataIds: cdc.metadataIds,
    captures: [...cdc.captures.values()].map((instance) => ({
      objectId: instance.objectId,
      name: instance.name,
      sourceId: instance.sourceId,
      columns: instance.columns,
      supportsNetChanges: instance.supportsNetChanges,
      roleName: instance.roleName,
      indexName: instance.indexName,
      keyOrdinals: instance.keyOrdinals,
      createdMs: instance.createdMs,
      partitionSwitch: instance.partitionSwitch,
      startLsn: instance.startLsn,
      ready: instance.ready,
    })),
    ddl: cdc.ddl,
    jobs: cdc.jobs,
    captureRunning: cdc.captureRunning,
  };
}

function typeImage({ schema, table, ...type }: UserType): TypeImage {
  return { ...type, schemaId: schema.id, table: table ? tableImage(table) : null };
}

function tableImage(table: TableObject): TableImage {
  return {
    kind: 'table',
    id: table.id,
    schemaId: table.schema.id,
    name: table.name,
    createdMs: table.createdMs,
    modifiedMs: table.modifiedMs,
    columns: table.columns,
    indexes: table.data.indexes.filter((index) => index.columns.length > 0).map(indexOptions),
    keys: table.keys,
    indexInfo: table.indexInfo,
    checks: table.checks,
    tracking: table.data.tracking?.image ?? null,
    foreignKeys: table.foreignKeys.map(({ table: _, parent, ...key }) => ({ ...key, parentId: parent.id })),
  };
}

function indexOptions({ name, columns, unique, primary, constraint, clustered }: IndexOptions): IndexOptions {
  return { name, columns, unique, primary, constraint, clustered };
}

export function objectImage(object: DatabaseObject): ObjectImage {
  if (object.kind === 'table') return tableImage(object);
  if (object.kind === 'trigger') {
    const { schema, table, ...trigger } = object;
    return { ...trigger, schemaId: schema.id, tableId: table.id };
  }
  const { schema, ...module } = object;
  return { ...module, schemaId: schema.id };
}

/**
 * Something that changes whenever the object's image may, where that can be told without making the image; null = look at the image. Modules
 * are large and never change inside: their definition is replaced.
 */
export function shortcutOf(object: DatabaseObject): readonly unknown[] | null {
  switch (object.kind) {
    case 'procedure':
    case 'function':
    case 'view':
      return [object.definition, object.name, object.schema.id, object.modifiedMs];
    default:
      return null;
  }
}
