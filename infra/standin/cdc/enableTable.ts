import type { Database } from '../engine/model/database.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import { sqlError } from '../sql/errors.ts';
import { type CapturedColumn, CaptureInstance } from './captureInstance.ts';
import { CdcDatabase, METADATA_TABLES } from './cdcDatabase.ts';

export const DEFAULT_CAPTURE = {
  maxtrans: 500,
  maxscans: 10,
  continuous: true,
  pollingIntervalSeconds: 5,
  paced: false,
} as const;
export const DEFAULT_CLEANUP = { retentionMinutes: 4320, threshold: 5000 };
const MAX_INSTANCE_NAME = 100;
const MAX_INSTANCES = 2;
const FORBIDDEN = new Set(['__$start_lsn', '__$end_lsn', '__$seqval', '__$operation', '__$update_mask']);

/** sys.sp_cdc_enable_db */
export function enableDatabase(database: Database, nowMs: number): void {
  if (database.cdc) return;
  if (database.schemas.has('cdc') || database.principals.find('cdc')) throw sqlError(22906, database.name);
  database.principals.addUser('cdc', undefined, 'cdc', nowMs);
  database.addSchema('cdc', 'cdc');
  const ids = METADATA_TABLES.map((name) => [name, database.nextObjectId()] as const);
  database.cdc = new CdcDatabase(nowMs, new Map(ids));
}

/** sys.sp_cdc_disable_db: everything CDC made goes, gating roles apart. */
export function disableDatabase(database: Database): void {
  if (!database.cdc) return;
  for (const table of database.tables()) dropCapturesOf(database, table);
  database.cdc = null;
  database.schemas.delete('cdc');
  const user = database.principals.find('cdc');
  if (user) database.principals.remove(user);
}

/** The database's CDC state; 22901 when it is not enabled. */
export function requireCdc(database: Database): CdcDatabase {
  if (!database.cdc) throw sqlError(22901, database.name);
  return database.cdc;
}

/** Arguments of sys.sp_cdc_enable_table, null where they were left out. */
export interface EnableTable {
  readonly sourceSchema: string;
  readonly sourceName: string;
  readonly roleName: string | null;
  readonly captureInstance: string | null;
  readonly supportsNetChanges: boolean | null;
  readonly indexName: string | null;
  readonly columnList: string | null;
  readonly partitionSwitch: boolean;
}

/** sys.sp_cdc_enable_table; nobody else may be writing the table. */
export function enableTable(database: Database, request: EnableTable, nowMs: number): CaptureInstance {
  const cdc = requireCdc(database);
  const table = database.findTable(request.sourceSchema, request.sourceName);
  if (!table) throw sqlError(22931, `${request.sourceSchema}.${request.sourceName}`);
  const name = request.captureInstance ?? `${table.schema.name}_${table.name}`;
  if (name.length > MAX_INSTANCE_NAME) throw sqlError(22985, name);
  if (table.captures.length >= MAX_INSTANCES) throw sqlError(22962, table.qualifiedName);
  if (cdc.find(name)) throw sqlError(22926, name);
  const index = keyIndex(table, request);
  const columns = capturedColumns(table, request.columnList, index?.columns ?? []);
  const roleName = request.roleName?.trim() || null;
  if (roleName !== null && !database.principals.find(roleName)) database.principals.addRole(roleName, 'dbo', nowMs);
  const instance = new CaptureInstance({
    objectId: database.nextObjectId(),
    name,
    sourceId: table.id,
    columns,
    supportsNetChanges: request.supportsNetChanges ?? index !== undefined,
    roleName,
    indexName: index?.name ?? null,
    keyOrdinals: (index?.columns ?? []).map((at) => columns.findIndex((column) => column.at === at)),
    createdMs: nowMs,
    partitionSwitch: request.partitionSwitch,
    startLsn: database.log.append(),
  });
  cdc.captures.set(name.toLowerCase(), instance);
  table.captures = [...table.captures, instance];
  link(cdc, database, table);
  // Only the first table makes the jobs: those that a failover or sp_cdc_drop_job took away do not come back by themselves.
  if (cdc.captures.size === 1) {
    cdc.jobs.capture ??= DEFAULT_CAPTURE;
    cdc.jobs.cleanup ??= { ...DEFAULT_CLEANUP };
    cdc.captureInForce = cdc.jobs.capture;
    cdc.captureRunning = true;
  }
  return instance;
}

/** Tells the store to log the table's changes, and the capture job where they go. */
export function link(cdc: CdcDatabase, database: Database, table: TableObject): void {
  table.data.tracked = table.captures.length;
  table.data.log = database.log;
  if (table.captures.length > 0) cdc.byTable.set(table.data, table.captures);
  else cdc.byTable.delete(table.data);
}

/** The unique index that identifies rows: the one named, else the primary key. */
function keyIndex(table: TableObject, request: EnableTable) {
  const wanted = request.indexName?.toLowerCase();
  const index =
    wanted === undefined
      ? table.primaryKey
      : table.data.indexes.find((candidate) => candidate.unique && candidate.name.toLowerCase() === wanted);
  if (wanted !== undefined && !index) throw sqlError(22929, request.indexName ?? '', table.qualifiedName);
  if (!index && request.supportsNetChanges) throw sqlError(22939);
  return index;
}

/** Names between commas, in brackets or quotes or bare. */
function namesIn(list: string): string[] {
  const name = /\s*(?:\[((?:[^\]]|\]\])*)\]|"((?:[^"]|"")*)"|([^,]*))\s*(?:,|$)/y;
  const names: string[] = [];
  while (name.lastIndex < list.length) {
    const match = name.exec(list);
    if (!match) throw sqlError(22930, list, '');
    const [, bracketed, quoted, bare] = match;
    names.push(bracketed?.replaceAll(']]', ']') ?? quoted?.replaceAll('""', '"') ?? bare!.trim());
  }
  return names;
}

function capturedColumns(table: TableObject, list: string | null, keyColumns: readonly number[]): CapturedColumn[] {
  const names = list === null ? null : namesIn(list);
  const positions = names
    ? names.map((name) => {
        const at = table.columnAt(name);
        if (at < 0) throw sqlError(22930, name, table.qualifiedName);
        return at;
      })
    : table.columns.flatMap((column, at) => (column.dropped ? [] : [at]));
  const missing = keyColumns.find((at) => !positions.includes(at));
  if (missing !== undefined) throw sqlError(22938, table.columns[missing]!.name);
  // Captured columns keep the order of the source table, whatever the order of the list.
  return [...new Set(positions)]
    .sort((a, b) => a - b)
    .map((at) => {
      const column = table.columns[at]!;
      if (FORBIDDEN.has(column.name.toLowerCase())) throw sqlError(22971, column.name);
      const rowversion = column.type.k === 'rowversion';
      return {
        name: column.name,
        at,
        type: rowversion ? { k: 'binary', n: 8 } : column.type,
        typeName: rowversion ? 'binary' : column.typeName,
        computed: column.computed !== undefined,
        droppedFrom: null,
        retyped: [],
      };
    });
}

/** sys.sp_cdc_disable_table; `instance` 'all' or a name. 22960 when there is no such instance. */
export function disableTable(database: Database, schema: string, name: string, instance: string): void {
  const cdc = requireCdc(database);
  const table = database.findTable(schema, name);
  if (!table) throw sqlError(22931, `${schema}.${name}`);
  const wanted = instance.toLowerCase();
  const gone = table.captures.filter((capture) => wanted === 'all' || capture.name.toLowerCase() === wanted);
  if (gone.length === 0) throw sqlError(22960, instance, table.qualifiedName);
  dropCaptures(cdc, database, table, gone);
}

/** Ends all capture of a table: it is being dropped, or CDC is switched off. */
export function dropCapturesOf(database: Database, table: TableObject): void {
  if (database.cdc && table.captures.length > 0) dropCaptures(database.cdc, database, table, table.captures);
}

function dropCaptures(
  cdc: CdcDatabase,
  database: Database,
  table: TableObject,
  gone: readonly CaptureInstance[],
): void {
  // Its log records: what is enabled next begins at a later place.
  database.log.append();
  for (const instance of gone) cdc.captures.delete(instance.name.toLowerCase());
  table.captures = table.captures.filter((instance) => !gone.includes(instance));
  link(cdc, database, table);
  if (cdc.captures.size > 0) return;
  cdc.jobs.capture = null;
  cdc.jobs.cleanup = null;
}
