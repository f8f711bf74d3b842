import { rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#infra/runtime/logger.ts';
import { groupMembers, sendSignal } from './processGroup.ts';
import { isRunning } from './processIdentity.mjs';
import { type RecordedProcess, type RunRecord, readRecords, removeRecord, stateOf } from './runRecord.ts';

const TERM_WAIT_MS = 10_000;

/**
 * Ends what killed owners left behind: the processes that are provably those of a record (same number, same start), then their groups,
 * then the temporary folders. Returns how many processes were ended.
 */
export async function reapAbandoned(folder: string, log: Logger): Promise<number> {
  let ended = 0;
  for (const record of readRecords(folder)) {
    if (stateOf(record) !== 'abandoned') continue;
    ended += await reap(record, log);
    removeRecord(folder, record.id);
  }
  return ended;
}

async function reap(record: RunRecord, log: Logger): Promise<number> {
  const left = record.processes.filter(isRunning);
  for (const leader of groupsOf(left)) sendSignal(-leader, 'SIGTERM');
  const deadline = Date.now() + TERM_WAIT_MS;
  while (left.some(isRunning) && Date.now() < deadline) await delay(50);
  for (const leader of groupsOf(left.filter(isRunning))) sendSignal(-leader, 'SIGKILL');
  if (record.temporary) rmSync(record.dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  if (left.length > 0) log.warn({ event: 'abandoned_stack_reaped', dir: record.dir, processes: left.length });
  return left.length;
}

/** A recorded group is still ours as long as one recorded member lives in it: its number cannot be given to another group until then. */
function groupsOf(processes: readonly RecordedProcess[]): Set<number> {
  return new Set(processes.filter((p) => groupMembers(p.group).includes(p.pid)).map((p) => p.group));
}
