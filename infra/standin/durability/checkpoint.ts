import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Database } from '../engine/model/database.ts';
import { TEMPDB_ID } from '../engine/model/database.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { TrackedChange, TrackedCommit } from '../tracking/trackedTable.ts';
import { type DefinitionDiff, rowRecords } from './definitions.ts';
import { FILE_HEAD, frame } from './frame.ts';
import { changeImage, commitImage, countersOf } from './keeper.ts';
import { type ChangeImage, encodeRecord, type LogRecord, type TimeImage } from './records.ts';

const ITEMS_PER_RECORD = 500;
const WRITE_BYTES = 1024 * 1024;

/**
 * Writes the committed state of a server to a new log file, which takes the place of all older ones. The file gets its name when it is
 * complete and safe. Returns its length.
 */
export function writeCheckpoint(server: ServerState, diff: DefinitionDiff, file: string, initialised: boolean): number {
  const draft = `${file}.tmp`;
  const fd = openSync(draft, 'w', 0o600);
  let written = 0;
  let waiting: Buffer[] = [FILE_HEAD];
  let waitingBytes = FILE_HEAD.length;
  const flush = (): void => {
    const bytes = Buffer.concat(waiting);
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    written += bytes.length;
    waiting = [];
    waitingBytes = 0;
  };
  const emit = (record: Buffer): void => {
    const framed = frame(record);
    waiting.push(framed);
    waitingBytes += framed.length;
    if (waitingBytes > WRITE_BYTES) flush();
  };
  try {
    diff.collect(server, emit);
    for (const database of server.databases.values())
      if (database.id !== TEMPDB_ID)
        for (const record of stateRecords(database, server.transactions.lastId)) emit(encodeRecord(record));
    if (initialised) emit(encodeRecord({ k: 'initialised' }));
    flush();
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, file);
  return written;
}

/** Rows, counters and captured changes of a database; its definitions are written before. */
function* stateRecords(database: Database, transactionId: number): Generator<LogRecord> {
  const tables = database.tables();
  for (const table of tables) yield* rowRecords(database.id, table.id, table.data.committedRows());
  const counters = countersOf(
    database,
    tables.map((table) => table.id),
  );
  yield { k: 'counters', counters, lsn: database.log.last, transactionId };
  yield* trackedRecords(database);
  const { cdc } = database;
  if (!cdc) return;
  for (const instance of cdc.captures.values()) {
    const entry = (at: number): readonly [number, ChangeImage] => {
      const { commitLsn, change } = instance.changes.at(at)!;
      return [commitLsn, changeImage(change)];
    };
    for (const changes of chunks(instance.changes.length, entry))
      yield { k: 'captured', database: database.id, capture: instance.objectId, changes };
  }
  for (const times of chunks(cdc.times.length, (at): TimeImage => cdc.times.at(at)!))
    yield { k: 'times', database: database.id, times };
  const { pending } = database.log;
  for (const commits of chunks(pending.length, (at) => commitImage(pending[at]!)))
    yield { k: 'waiting', database: database.id, commits };
}

/** What change tracking keeps: the versions with their times, then the changes of each table. */
function* trackedRecords(database: Database): Generator<LogRecord> {
  const { tracking } = database;
  if (!tracking) return;
  const times = new Map(tracking.commits.map(({ version, ms }) => [version, ms]));
  // The newest version counts even when all commits have expired.
  if (tracking.version > 0 && !times.has(tracking.version)) times.set(tracking.version, 0);
  const empty = [...times].map(([version, ms]) => ({ database: database.id, version, ms, changes: [] }));
  for (const commits of chunks(empty.length, (at) => empty[at]!)) yield { k: 'tracked', commits };
  for (const { id, data } of database.tables()) {
    const all = [...(data.tracking?.all() ?? [])].sort((a, b) => a.version - b.version);
    const commitOf = (change: TrackedChange): TrackedCommit => {
      const { version } = change;
      return { database: database.id, version, ms: times.get(version) ?? 0, changes: [[id, change]] };
    };
    for (const commits of chunks(all.length, (at) => commitOf(all[at]!))) yield { k: 'tracked', commits };
  }
}

function* chunks<T>(length: number, item: (at: number) => T): Generator<T[]> {
  for (let from = 0; from < length; from += ITEMS_PER_RECORD)
    yield Array.from({ length: Math.min(ITEMS_PER_RECORD, length - from) }, (_, i) => item(from + i));
}
