import type { Database } from '../engine/model/database.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { CaptureInstance } from './captureInstance.ts';
import type { CdcDatabase } from './cdcDatabase.ts';

/** What the clean-up job does: forgets changes of transactions that ended before `beforeMs`. */
export function cleanUp(server: ServerState, database: Database, cdc: CdcDatabase, beforeMs: number): void {
  const count = cdc.times.countEndedBefore(beforeMs, false);
  const lowest = cdc.times.at(count);
  if (count === 0 || !lowest) return;
  for (const instance of cdc.captures.values()) raise(instance, lowest.startLsn);
  dropTimes(cdc);
  server.keeper?.cleaned(database);
}

/** Raises one instance's low-water mark and drops what lies below. */
export function raise(instance: CaptureInstance, lowWaterLsn: number): void {
  if (lowWaterLsn <= instance.startLsn) return;
  instance.startLsn = lowWaterLsn;
  instance.changes.dropBelow(lowWaterLsn, Number.POSITIVE_INFINITY);
}

/** Drops rows of lsn_time_mapping below every instance's mark. */
export function dropTimes(cdc: CdcDatabase): void {
  const marks = [...cdc.captures.values()].map((instance) => instance.startLsn);
  if (marks.length > 0) cdc.times.dropBelow(Math.min(...marks));
}
