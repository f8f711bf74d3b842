import type { TableObject } from '../engine/model/tableObject.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { AlterTableAction } from '../sql/astDdl.ts';

/** Notes a change of a tracked table in cdc.ddl_history, once per capture instance. */
export function recordDdl(server: ServerState, table: TableObject, command: string, action: AlterTableAction): void {
  const { cdc, log } = table.database;
  if (!cdc || table.captures.length === 0) return;
  const lsn = log.append();
  for (const instance of table.captures) {
    const requiredColumnUpdate =
      action.k === 'alterColumn' &&
      instance.columns.some((column) => column.name.toLowerCase() === action.name.toLowerCase());
    cdc.ddl.push({
      sourceId: table.id,
      objectId: instance.objectId,
      requiredColumnUpdate,
      command,
      lsn,
      timeMs: server.nowMs(),
    });
  }
}
