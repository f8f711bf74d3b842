import { type FunctionGroup, fn } from '../engine/functions/engineFunction.ts';
import type { Execution } from '../engine/run/execution.ts';
import { BIGINT, BIT, INT, varbinary } from '../sql/values.ts';

/** Column numbers as SYS_CHANGE_COLUMNS holds them: four zero bytes, then four bytes little-endian each. */
export function columnMask(columns: readonly number[] | null): Buffer | null {
  if (columns === null) return null;
  const mask = Buffer.alloc(4 + 4 * columns.length);
  columns.forEach((column, i) => {
    mask.writeInt32LE(column, 4 + 4 * i);
  });
  return mask;
}

function isInMask(column: number, mask: Buffer): boolean {
  for (let at = 4; at + 4 <= mask.length; at += 4) if (mask.readInt32LE(at) === column) return true;
  return false;
}

/** What the running statement sees: fixes the view of a SNAPSHOT transaction, as any read does. */
export function trackingSnapshot(env: Execution): number {
  const { database } = env.session;
  if (database.options.snapshotIsolation) env.statement.touchDatabase(database);
  return env.statement.tx.snapshot;
}

/** Functions of change tracking. Sources: their pages in sql-docs. */
export const trackingFunctions: FunctionGroup = {
  change_tracking_current_version: fn(BIGINT, [], (env) => {
    const { tracking } = env.session.database;
    return tracking ? BigInt(tracking.versionAt(trackingSnapshot(env))) : null;
  }),
  change_tracking_min_valid_version: fn(BIGINT, [INT], (env, [id]) => {
    const { session } = env;
    const table = id === null ? undefined : session.database.objectsById.get(id as number);
    if (table?.kind !== 'table' || !table.data.tracking) return null;
    const visible = session.security.has('VIEW CHANGE TRACKING', {
      class: 'OBJECT',
      id: table.id,
      schemaId: table.schema.id,
    });
    return visible ? BigInt(table.data.tracking.minValidVersion) : null;
  }),
  // A mask of NULL means that all columns count as changed.
  change_tracking_is_column_in_mask: fn(BIT, [INT, varbinary(4100)], (_env, [column, mask]) =>
    mask === null ? 1 : Number(column !== null && isInMask(column as number, mask as Buffer)),
  ),
};
