import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, markScope, ownIdentity, type ProcessIdentity } from './processIdentity.mjs';
import type { Part, StackAddresses } from './types.ts';

/** A process of a stack; `group` is the number of its group's leader. */
export interface RecordedProcess extends ProcessIdentity {
  readonly name: string;
  readonly group: number;
}

/** What a running stack leaves in the cache, so that others can list it, stop it, and clean up after it when its owner was killed. */
export interface RunRecord {
  readonly id: string;
  readonly owner: ProcessIdentity;
  /** The folder with data and logs. */
  readonly dir: string;
  /** Whether `dir` goes when the stack ends. */
  readonly temporary: boolean;
  readonly parts: readonly Part[];
  readonly startedAt: string;
  readonly processes: readonly RecordedProcess[];
  /** The shell that ends the servers when the owner is killed. */
  readonly watchdogPid?: number | undefined;
  /** There once every part is ready. */
  readonly addresses?: StackAddresses;
  readonly env?: Readonly<Record<string, string>>;
}

/** What has become of a recorded stack: `foreign` ones belong to another container or boot whose processes cannot be seen from here. */
export type RunState = 'running' | 'abandoned' | 'foreign';

/** Writes the record in one step. */
export function writeRecord(folder: string, record: RunRecord): void {
  mkdirSync(folder, { recursive: true });
  const path = recordPath(folder, record.id);
  writeFileSync(`${path}.new`, JSON.stringify(record, undefined, 2), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removeRecord(folder: string, id: string): void {
  rmSync(recordPath(folder, id), { force: true });
}

export function recordPath(folder: string, id: string): string {
  return join(folder, `${id}.json`);
}

/** Every record of the folder; a file that is not one is passed over. */
export function readRecords(folder: string): RunRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names.filter((name) => name.endsWith('.json')).flatMap((name) => readRecord(join(folder, name)) ?? []);
}

function readRecord(path: string): RunRecord | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<RunRecord>;
    const complete = value.id && value.owner && value.dir && Array.isArray(value.processes);
    return complete ? (value as RunRecord) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A boot that is over leaves no process, so its records count as abandoned; another pid namespace of this boot may still be at work, so its
 * records are left alone.
 */
export function stateOf(record: RunRecord, alive: (identity: ProcessIdentity) => boolean = isRunning): RunState {
  if (alive(record.owner)) return 'running';
  const [ownBoot, ownSpace] = markScope(ownIdentity().mark).split('/');
  const [boot, space] = markScope(record.owner.mark).split('/');
  return boot === ownBoot && space !== ownSpace ? 'foreign' : 'abandoned';
}
