import type { Column } from '../engine/model/columns.ts';
import type { Database } from '../engine/model/database.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import { sameType } from '../sql/convert.ts';
import { Blocked } from '../store/blocked.ts';
import type { CdcDatabase, DdlRecord } from './cdcDatabase.ts';

/**
 * Puts a change of a tracked table into the log, once per capture instance: the capture job will note it in cdc.ddl_history and alter the
 * change table when it comes there. `before` and `after`: the column that ALTER COLUMN changed.
 */
export function recordDdl(
  server: ServerState,
  table: TableObject,
  command: string,
  before: Column | undefined,
  after: Column | undefined,
): void {
  const { cdc, log } = table.database;
  if (!cdc || table.captures.length === 0) return;
  const lsn = log.append();
  for (const instance of table.captures) {
    const isCaptured =
      after !== undefined && instance.columns.some((c) => c.name.toLowerCase() === after.name.toLowerCase());
    const retype =
      isCaptured && before && !sameType(before.type, after.type)
        ? { column: after.name, from: before.type, to: after.type, typeName: after.typeName }
        : null;
    cdc.ddl.push({
      sourceId: table.id,
      objectId: instance.objectId,
      requiredColumnUpdate: isCaptured,
      command,
      lsn,
      timeMs: server.nowMs(),
      retype,
    });
  }
}

/** Notes the changes of definition that lie in the log before what is still to be read, and alters the change tables with them. */
export function noteDdl(server: ServerState, database: Database, cdc: CdcDatabase, untilMs: number): void {
  let altered = false;
  while (cdc.ddlNoted < cdc.ddl.length) {
    const record = cdc.ddl[cdc.ddlNoted]!;
    const next = database.log.head;
    if (record.timeMs > untilMs || (next && next.commitLsn < record.lsn) || isBeingDefined(database)) break;
    cdc.ddlNoted++;
    altered = alterChangeTable(cdc, record) || altered;
  }
  if (altered) server.changed();
}

function alterChangeTable(cdc: CdcDatabase, { objectId, retype, lsn }: DdlRecord): boolean {
  if (!retype) return false;
  const instance = [...cdc.captures.values()].find((candidate) => candidate.objectId === objectId);
  const column = instance?.columns.find((candidate) => candidate.name.toLowerCase() === retype.column.toLowerCase());
  // After a restart the log is gone through again.
  if (!column || column.retyped.some((done) => done.lsn === lsn)) return false;
  column.retyped = [...column.retyped, { lsn, from: column.type, to: retype.to }];
  column.type = retype.to;
  column.typeName = retype.typeName;
  return true;
}

/** An open transaction has changed definitions, and may take them back. */
function isBeingDefined(database: Database): boolean {
  try {
    database.definitionLocks.assertReadable(null);
    return false;
  } catch (error) {
    if (error instanceof Blocked) return true;
    throw error;
  }
}
