import { changedMask, isBitSet } from '../cdc/updateMask.ts';
import type { Database } from '../engine/model/database.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { ServerState } from '../engine/run/serverState.ts';
import type { Row, RowData } from '../store/row.ts';
import type { Table } from '../store/table.ts';
import type { Transaction } from '../store/transaction.ts';
import type { TrackedChange, TrackedCommit } from './trackedTable.ts';

interface KeyState {
  before: RowData | null;
  after: RowData | null;
  context: Buffer | null;
}

/** Notes what a commit did to tracked tables, synchronously: one version per database that has any. */
export function trackCommit(server: ServerState, tx: Transaction, seq: number): TrackedCommit[] {
  const byTable = new Map<Table, Set<Row>>();
  const firsts = new Map<Row, RowData | null>();
  for (const { table, row, before } of tx.undo) {
    if (!table.tracking || tx.truncated.has(table)) continue;
    if (firsts.has(row)) continue;
    firsts.set(row, before?.data ?? null);
    const rows = byTable.get(table);
    if (rows) rows.add(row);
    else byTable.set(table, new Set([row]));
  }
  const commits: TrackedCommit[] = [];
  for (const database of server.databases.values()) {
    const commit = trackIn(database, tx, seq, byTable, firsts, server.nowMs());
    if (commit) commits.push(commit);
  }
  for (const table of tx.truncated) {
    if (table.tracking) {
      const database = [...server.databases.values()].find(({ id }) => id === table.place?.database);
      if (!database?.tracking) continue;
      const ms = server.nowMs();
      const version = database.tracking.next(seq, ms);
      table.tracking.forgetUntil(version);
      commits.push({ database: database.id, version, ms, changes: [] });
      server.keeper?.definitionsChanged();
    }
  }
  return commits;
}

function trackIn(
  database: Database,
  tx: Transaction,
  seq: number,
  byTable: ReadonlyMap<Table, ReadonlySet<Row>>,
  firsts: ReadonlyMap<Row, RowData | null>,
  ms: number,
): TrackedCommit | null {
  const { tracking } = database;
  if (!tracking) return null;
  const changes: (readonly [number, TrackedChange])[] = [];
  let version = 0;
  for (const [table, rows] of byTable) {
    if (table.place?.database !== database.id) continue;
    const object = database.objectsById.get(table.place.table);
    if (object?.kind !== 'table') continue;
    for (const [key, state] of keyStates(object, rows, firsts, tx)) {
      const op = opOf(state);
      if (op === null) continue;
      if (version === 0) version = tracking.next(seq, ms);
      const change = changeOf(object, key, state, op, version, seq);
      table.tracking!.add(change);
      changes.push([object.id, change]);
    }
  }
  return version === 0 ? null : { database: database.id, version, ms, changes };
}

/** By primary key what was there before the transaction and what is there now: a key deleted and inserted again is one change. */
function keyStates(
  table: TableObject,
  rows: ReadonlySet<Row>,
  firsts: ReadonlyMap<Row, RowData | null>,
  tx: Transaction,
): Map<string, KeyState> {
  const index = table.primaryKey!;
  const states = new Map<string, KeyState>();
  const at = (data: RowData): KeyState => {
    const key = index.keyOf(data);
    let state = states.get(key);
    if (!state) {
      state = { before: null, after: null, context: null };
      states.set(key, state);
    }
    return state;
  };
  for (const row of rows) {
    const before = firsts.get(row) ?? null;
    const after = row.head.data;
    const context = tx.contexts.get(row) ?? null;
    for (const data of [before, after]) if (data) at(data).context = context;
    if (before) at(before).before = before;
    if (after) at(after).after = after;
  }
  return states;
}

function opOf({ before, after }: KeyState): TrackedChange['op'] | null {
  if (before) return after ? 'U' : 'D';
  return after ? 'I' : null;
}

function changeOf(
  table: TableObject,
  key: string,
  { before, after, context }: KeyState,
  op: TrackedChange['op'],
  version: number,
  seq: number,
): TrackedChange {
  const keyValues = table.primaryKey!.columns.map((at) => (after ?? before)![at] ?? null);
  const tracksColumns = op === 'U' && table.data.tracking!.tracksColumns;
  const columns = tracksColumns ? changedColumns(table, before!, after!) : null;
  return { version, seq, op, key, keyValues, columns, context };
}

/** Numbers of the columns whose values differ, as sys.columns has them. */
function changedColumns(table: TableObject, before: RowData, after: RowData): number[] {
  const mask = changedMask(
    table.columns.map(({ type }, at) => ({ at, type })),
    before,
    after,
  );
  return table.columns.flatMap((column, at) => (!column.dropped && isBitSet(at + 1, mask) ? [at + 1] : []));
}

/** Clean-up of change tracking: versions older than the retention. */
export function expireTracking(server: ServerState, database: Database): void {
  const expired = database.tracking?.expire(server.nowMs()) ?? null;
  if (expired === null) return;
  for (const table of database.tables()) table.data.tracking?.forgetUntil(expired);
  server.keeper?.definitionsChanged();
}
