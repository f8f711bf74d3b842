import { hasCode, isRetriable } from '#infra/runtime/errors.ts';

/** How often a job may fail in a row for a reason that mends itself when a schema change has gone through. */
const SCHEMA_ATTEMPTS = 60;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 5000;

/** What a failed read means: SNAPSHOT isolation is not to be had any more, it may work later, or the job is over. */
export type FaultKind = 'no_snapshot' | 'passing' | 'final';

/** Deadlocks, lost connections and schema changes pass. `attempt` counts failures in a row, from 1. */
export function faultKind(error: unknown, attempt: number): FaultKind {
  if (hasCode(error, 'CDC_SNAPSHOT_UNAVAILABLE') || hasCode(error, 'SQL_SNAPSHOT_NOT_ALLOWED')) return 'no_snapshot';
  if (isRetriable(error)) return 'passing';
  const schema = hasCode(error, 'SQL_OBJECT_MISSING') || hasCode(error, 'SQL_SNAPSHOT_CONFLICT');
  return schema && attempt < SCHEMA_ATTEMPTS ? 'passing' : 'final';
}

/** How long to wait before the next try, ms. */
export function pauseAfter(attempt: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** Math.min(attempt - 1, 10), MAX_PAUSE_MS);
}
