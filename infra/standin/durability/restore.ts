import { CaptureInstance } from '../cdc/captureInstance.ts';
import { CdcDatabase } from '../cdc/cdcDatabase.ts';
import { link } from '../cdc/enableTable.ts';
import { newTableObject } from '../engine/ddl/storeTable.ts';
import { Database } from '../engine/model/database.ts';
import type { DatabaseObject } from '../engine/model/modules.ts';
import type { Schema } from '../engine/model/schema.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { Change, CommittedChanges } from '../store/log.ts';
import type { RowData } from '../store/row.ts';
import { DatabaseTracking, type TrackingOptions } from '../tracking/databaseTracking.ts';
import { TableTracking } from '../tracking/trackedTable.ts';
import { startTracking } from '../tracking/trackingStatements.ts';
import type { CdcImage, DatabaseImage, ObjectImage, ServerImage, TableImage } from './images.ts';
import type { ChangeImage, CommitImage } from './records.ts';
import type { Replay, ReplayedDatabase } from './replay.ts';

/** Transaction ids left out after a restart: those of transactions that were open then. */
const SKIPPED_TRANSACTION_IDS = 1000;

/** Puts a new server into the state of the log. The password of sa stays the one this start was given. */
export function restore(server: ServerState, replay: Replay): void {
  if (replay.server) restoreServer(server, replay.server);
  server.transactions.restore(replay.lastTransactionId + SKIPPED_TRANSACTION_IDS);
  for (const replayed of replay.databases.values()) {
    if (!replayed.image) continue;
    if (replayed.image.tracking) startTracking(server);
    server.restoreDatabase(databaseOf(replayed, replayed.image));
  }
}

function restoreServer(server: ServerState, image: ServerImage): void {
  const { logins } = server;
  const sa = logins.find('sa')!;
  logins.restore(
    image.logins.map((login) => (login.id === sa.id ? { ...login, salt: sa.salt, hash: sa.hash } : login)),
    image.lastLoginId,
  );
  for (const [role, members] of image.roles) logins.roles.set(role, new Set(members));
  logins.permissions.restore(image.permissions);
  server.lastDatabaseId = image.lastDatabaseId;
  server.maxTextReplSize = image.maxTextReplSize;
}

function databaseOf(replayed: ReplayedDatabase, image: DatabaseImage): Database {
  const database = new Database(image.id, image.name, image.owner, image.createdMs);
  Object.assign(database.options, image.options);
  database.schemas.clear();
  for (const schema of image.schemas) database.schemas.set(schema.name.toLowerCase(), { ...schema });
  database.principals.restore(image.principals, image.lastPrincipalId);
  database.principals.permissions.restore(image.permissions);
  database.restoreCounters(image.counters, replayed.rowversion);
  const schemas = new Map([...database.schemas.values()].map((schema) => [schema.id, schema]));
  for (const { schemaId, table, ...type } of image.types) {
    const schema = schemaOf(schemas, schemaId);
    database.addType({ ...type, schema, table: table ? tableOf(database, schema, table, true) : undefined });
  }
  const tables = new Map<number, TableObject>();
  for (const object of replayed.objects.values()) {
    const restored = objectOf(database, schemaOf(schemas, object.schemaId), object, tables, replayed);
    if (restored) database.add(restored);
  }
  linkForeignKeys(replayed, tables);
  database.log.restore(replayed.lsn, []);
  database.log.skipToNextFile();
  if (image.cdc) restoreCdc(database, image.cdc, replayed, tables);
  if (image.tracking) restoreTracking(database, image.tracking, replayed, tables);
  loadRows(replayed, tables);
  return database;
}

function schemaOf(schemas: ReadonlyMap<number, Schema>, id: number): Schema {
  const schema = schemas.get(id);
  if (!schema) throw new Error(`the log names schema ${id}, which does not exist`);
  return schema;
}

function objectOf(
  database: Database,
  schema: Schema,
  image: ObjectImage,
  tables: Map<number, TableObject>,
  replayed: ReplayedDatabase,
): DatabaseObject | null {
  if (image.kind === 'table') {
    const table = tableOf(database, schema, image, false);
    tables.set(table.id, table);
    return table;
  }
  const { schemaId: _, ...rest } = image;
  if (rest.kind === 'trigger') {
    const { tableId, ...trigger } = rest;
    const table = tables.get(tableId);
    if (!table) return null;
    const restored = { ...trigger, schema, table };
    table.triggers.push(restored);
    return restored;
  }
  if (rest.kind === 'sequence') {
    const last = replayed.sequences.get(rest.id);
    return { ...rest, schema, last: last === undefined ? rest.last : last };
  }
  return { ...rest, schema };
}

function tableOf(database: Database, schema: Schema, image: TableImage, isVariable: boolean): TableObject {
  const table = newTableObject({
    id: image.id,
    database,
    schema,
    name: image.name,
    columns: [...image.columns],
    indexes: image.indexes,
    isVariable,
    nowMs: image.createdMs,
  });
  table.modifiedMs = image.modifiedMs;
  table.keys = [...image.keys];
  table.indexInfo = new Map(image.indexInfo);
  table.checks = [...image.checks];
  return table;
}

function restoreTracking(
  database: Database,
  options: TrackingOptions,
  replayed: ReplayedDatabase,
  tables: ReadonlyMap<number, TableObject>,
): void {
  database.tracking = new DatabaseTracking(options);
  database.tracking.restore([...replayed.versions].sort(([a], [b]) => a - b));
  for (const image of replayed.objects.values()) {
    if (image.kind !== 'table' || !image.tracking) continue;
    const { tracksColumns, beginVersion, minValidVersion } = image.tracking;
    const tracking = new TableTracking(tracksColumns, beginVersion, minValidVersion);
    for (const change of replayed.tracked.get(image.id) ?? [])
      if (change.version > minValidVersion) tracking.add({ ...change, seq: 0 });
    tables.get(image.id)!.data.tracking = tracking;
  }
}

function linkForeignKeys(replayed: ReplayedDatabase, tables: ReadonlyMap<number, TableObject>): void {
  for (const image of replayed.objects.values()) {
    if (image.kind !== 'table') continue;
    const table = tables.get(image.id)!;
    for (const { parentId, ...key } of image.foreignKeys) {
      const parent = tables.get(parentId);
      if (!parent) continue;
      const restored = { ...key, table, parent };
      table.foreignKeys.push(restored);
      parent.referencedBy.push(restored);
    }
  }
}

function loadRows(replayed: ReplayedDatabase, tables: ReadonlyMap<number, TableObject>): void {
  for (const [id, rows] of replayed.rows) {
    const table = tables.get(id);
    if (!table) continue;
    for (const [rowId, data] of rows) table.data.load(rowId, ownBytes(data));
    // The replayed copy of a large table is not needed beside the table.
    rows.clear();
  }
  for (const [id, last] of replayed.identities) {
    const table = tables.get(id);
    if (table) table.lastIdentity = last;
  }
}

/** Decoded buffers are views of the whole record: a row must not keep that alive. */
function ownBytes(data: RowData): RowData {
  return data.map((value) => (Buffer.isBuffer(value) ? Buffer.from(value) : value));
}

function restoreCdc(
  database: Database,
  image: CdcImage,
  replayed: ReplayedDatabase,
  tables: ReadonlyMap<number, TableObject>,
): void {
  const cdc = new CdcDatabase(image.enabledMs, new Map(image.metadataIds));
  database.cdc = cdc;
  cdc.jobs.capture = image.jobs.capture;
  cdc.captureInForce = image.jobs.capture;
  cdc.jobs.cleanup = image.jobs.cleanup && { ...image.jobs.cleanup };
  cdc.captureRunning = image.captureRunning;
  cdc.ddl.push(...image.ddl);
  for (const { ready, ...capture } of image.captures) {
    const table = tables.get(capture.sourceId);
    if (!table) continue;
    const instance = new CaptureInstance({ ...capture, columns: capture.columns.map((column) => ({ ...column })) });
    instance.ready = ready;
    for (const [commitLsn, change] of replayed.captured.get(capture.objectId) ?? [])
      instance.changes.push({ commitLsn, change: changeOf(table, change) });
    cdc.captures.set(instance.name.toLowerCase(), instance);
    table.captures = [...table.captures, instance];
    link(cdc, database, table);
  }
  for (const time of replayed.times) cdc.times.push(time);
  database.log.restore(
    replayed.lsn,
    replayed.waiting.map((commit) => commitOf(commit, tables)),
  );
}

function changeOf(table: TableObject, change: ChangeImage): Change {
  const { op, before, after, lsn, commandId } = change;
  return {
    table: table.data,
    op,
    before: before && ownBytes(before),
    after: after && ownBytes(after),
    lsn,
    commandId,
  };
}

function commitOf(commit: CommitImage, tables: ReadonlyMap<number, TableObject>): CommittedChanges {
  const changes = commit.changes.flatMap((change) => {
    const table = tables.get(change.table);
    return table ? [changeOf(table, change)] : [];
  });
  return { ...commit, changes };
}
