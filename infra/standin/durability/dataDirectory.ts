import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { ServerState } from '../engine/run/serverState.ts';
import { writeCheckpoint } from './checkpoint.ts';
import { DefinitionDiff } from './definitions.ts';
import { LogKeeper } from './keeper.ts';
import { readLog } from './logReader.ts';
import { decodeRecord } from './records.ts';
import { Replay } from './replay.ts';
import { restore } from './restore.ts';

const LOG_NAME = /^standin-(\d{8})\.log$/;

/** A data directory that cannot be used. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError';
}

/** The directory of a running server. */
export interface OpenDirectory {
  readonly keeper: LogKeeper;
  /** Nothing was there, or a first start that did not get as far as `markInitialised`. */
  readonly fresh: boolean;
  markInitialised(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Brings a new server to the state kept in the directory and keeps that up to date from then on. The log is written anew at every start
 * and whenever it has grown out of proportion, so that it never holds much more than the present state. Throws `DataDirectoryError` when
 * another process uses the directory.
 */
export function openDataDirectory(
  server: ServerState,
  directory: string,
  onFailure: (error: Error) => void,
): OpenDirectory {
  mkdirSync(directory, { recursive: true });
  const unlock = lock(directory);
  const newest = logNumbers(directory).at(-1) ?? 0;
  const replay = newest === 0 ? new Replay() : replayLog(join(directory, logName(newest)));
  const fresh = !replay.initialised;
  if (!fresh) restore(server, replay);
  let current = newest;
  const nextFile = (initialised: boolean): { file: string; position: number; diff: DefinitionDiff } => {
    const diff = new DefinitionDiff();
    const file = join(directory, logName(++current));
    const position = writeCheckpoint(server, diff, file, initialised);
    syncDirectory(directory);
    for (const name of readdirSync(directory))
      if (name.endsWith('.log.tmp') || (LOG_NAME.test(name) && name !== logName(current)))
        rmSync(join(directory, name));
    return { file, position, diff };
  };
  const keeper = new LogKeeper({ server, first: nextFile(!fresh), nextFile: () => nextFile(true), onFailure });
  return {
    keeper,
    fresh,
    async markInitialised() {
      keeper.initialised();
      await keeper.settled();
    },
    async close() {
      await keeper.close();
      unlock();
    },
  };
}

function replayLog(file: string): Replay {
  const replay = new Replay();
  readLog(file, (record) => replay.apply(decodeRecord(record)));
  return replay;
}

function logName(number: number): string {
  return `standin-${String(number).padStart(8, '0')}.log`;
}

function logNumbers(directory: string): number[] {
  return readdirSync(directory)
    .flatMap((name) => LOG_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Makes a rename in the directory safe. */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Directories this process has open. */
const ownDirectories = new Set<string>();

/** One server per directory; the lock of a process that is gone does not count. Returns what takes the lock away. */
function lock(directory: string): () => void {
  const file = join(directory, 'lock');
  if (existsSync(file)) {
    const owner = Number(readFileSync(file, 'utf8'));
    if (owner === process.pid ? ownDirectories.has(file) : isAlive(owner))
      throw new DataDirectoryError(
        `${directory}: in use by process ${owner}; stop it or name another directory (or remove the file "lock" if that is no stand-in)`,
      );
  }
  writeFileSync(file, String(process.pid));
  ownDirectories.add(file);
  return () => {
    ownDirectories.delete(file);
    rmSync(file, { force: true });
  };
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
