import { requireAlter, tableChanged } from '../engine/ddl/target.ts';
import type { Database } from '../engine/model/database.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { Runner } from '../engine/run/runner.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { TrackingSetting } from '../sql/astDdl.ts';
import { sqlError } from '../sql/errors.ts';
import { DatabaseTracking, DEFAULT_TRACKING } from './databaseTracking.ts';
import { TableTracking } from './trackedTable.ts';
import { trackCommit } from './tracker.ts';

/** ALTER DATABASE … SET CHANGE_TRACKING: 5088 when it is on already, 5089 when it is not, 22115 when tables still use it. */
export function setDatabaseTracking(server: ServerState, database: Database, setting: TrackingSetting): void {
  const { tracking } = database;
  if (setting.on === false) {
    if (!tracking) throw sqlError(5089, database.name);
    if (database.tables().some((table) => table.data.tracking)) throw sqlError(22115, database.name);
    database.tracking = null;
    return;
  }
  if (setting.on === true) {
    if (tracking) throw sqlError(5088, database.name);
    startTracking(server);
    database.tracking = new DatabaseTracking({ ...DEFAULT_TRACKING, ...given(setting) });
    return;
  }
  if (!tracking) throw sqlError(5089, database.name);
  Object.assign(tracking, given(setting));
}

/** From now on commits are looked at for changes of tracked tables. */
export function startTracking(server: ServerState): void {
  server.transactions.track ??= (tx, seq) => trackCommit(server, tx, seq);
}

function given({ retention, unit, autoCleanup }: TrackingSetting) {
  return {
    ...(retention === undefined ? {} : { retention, unit: unit ?? 'DAYS' }),
    ...(autoCleanup === undefined ? {} : { autoCleanup }),
  };
}

/** ALTER TABLE … ENABLE | DISABLE CHANGE_TRACKING: 4996 to 4998, and 5089 where the database does not track. */
export function setTableTracking(runner: Runner, table: TableObject, enable: boolean, tracksColumns: boolean): void {
  requireAlter(runner, table.database, table);
  if (!enable) {
    if (!table.data.tracking) throw sqlError(4998, table.name);
    table.data.tracking = null;
    tableChanged(runner, table);
    return;
  }
  const { tracking } = table.database;
  if (!tracking) throw sqlError(5089, table.database.name);
  if (table.data.tracking) throw sqlError(4996, table.name);
  if (!table.primaryKey) throw sqlError(4997, table.name);
  table.data.tracking = new TableTracking(tracksColumns, tracking.version);
  tableChanged(runner, table);
}
