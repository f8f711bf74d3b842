import type { Queryable } from '#connectors/sqlserver/connection.ts';
import { SNAPSHOT_MEANS } from '#connectors/sqlserver/snapshotQueries.ts';
import { SluiceError } from '#infra/runtime/errors.ts';

/** How a snapshot reads. `snapshot`: exact views, no locks. `read-committed`: the weaker way where those are not to be had. See SPEC.md. */
export type SnapshotIsolation = 'snapshot' | 'read-committed';

/** What the source allows. */
export interface IsolationChoice {
  readonly isolation: SnapshotIsolation;
  /** What is missing, one line each, with what follows from it. Empty when nothing is. */
  readonly reasons: readonly string[];
}

/**
 * Chooses how snapshots read. `auto` takes SNAPSHOT isolation where it can.
 * @throws SluiceError CDC_SNAPSHOT_UNAVAILABLE when SNAPSHOT isolation is wanted and its means are missing
 */
export async function snapshotIsolation(
  db: Queryable,
  wanted: 'auto' | SnapshotIsolation,
  signal?: AbortSignal,
): Promise<IsolationChoice> {
  const [row] = await db.rows(SNAPSHOT_MEANS, {}, signal);
  const [state, serverState, performanceState, databaseState] = row ?? [];
  const missing = [
    ...(Number(state) === 1 ? [] : ['ALLOW_SNAPSHOT_ISOLATION is not ON in the database']),
    ...(serverState === 1 || performanceState === 1
      ? []
      : ['the login lacks VIEW SERVER STATE (from SQL Server 2022: VIEW SERVER PERFORMANCE STATE)']),
  ];
  if (wanted === 'snapshot' && missing.length > 0)
    throw new SluiceError('CDC_SNAPSHOT_UNAVAILABLE', `Snapshots: ${missing.join('; ')}`);
  if (wanted === 'snapshot' || (wanted === 'auto' && missing.length === 0))
    return { isolation: 'snapshot', reasons: [] };
  const blind = databaseState === 1 || serverState === 1 || performanceState === 1;
  return {
    isolation: 'read-committed',
    reasons: [
      ...missing.map((what) => `${what}: rows are read under READ COMMITTED and wait for writers`),
      ...(blind
        ? []
        : [
            'the login lacks VIEW DATABASE STATE: on a quiet database each group of chunks waits up to 5 minutes for a sign of the capture job',
          ]),
    ],
  };
}
