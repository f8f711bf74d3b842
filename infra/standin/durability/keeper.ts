import type { DatabaseLog } from '../cdc/databaseLog.ts';
import type { Database } from '../engine/model/database.ts';
import type { Sequence } from '../engine/model/modules.ts';
import type { TableObject } from '../engine/model/tableObject.ts';
import type { Keeper, ServerState } from '../engine/run/serverState.ts';
import type { Change, CommittedChanges, TransactionLog } from '../store/log.ts';
import type { Row } from '../store/row.ts';
import type { Table } from '../store/table.ts';
import type { Transaction } from '../store/transaction.ts';
import type { TrackedCommit } from '../tracking/trackedTable.ts';
import type { DefinitionDiff } from './definitions.ts';
import { LogWriter } from './logWriter.ts';
import { type ChangeImage, type CommitImage, type CounterImage, encodeRecord, type RowImage } from './records.ts';

/** A log file that is not smaller than this is written anew when it has grown by the factor since it was new. */
const MIN_ROLL_BYTES = 256 * 1024 * 1024;
const ROLL_GROWTH = 4;

/** A log file: its good records end at `position`, and `diff` knows which definitions they hold. */
export interface LogFile {
  readonly file: string;
  readonly position: number;
  readonly diff: DefinitionDiff;
}

/** Writes what happens in the server to the log. */
export class LogKeeper implements Keeper {
  readonly #server: ServerState;
  readonly #nextFile: () => LogFile;
  readonly #onFailure: (error: Error) => void;
  #diff: DefinitionDiff;
  #writer: LogWriter;
  /** Length of the file when it was new. */
  #startBytes: number;
  #rolling = false;
  #dirty = false;
  /** Logs with a commit in the record of that number: the capture job may take it when the record is safe. */
  #held: { readonly number: number; readonly log: DatabaseLog }[] = [];

  /** `nextFile` writes the present state to a new file, which takes the place of the one before. */
  constructor(options: {
    readonly server: ServerState;
    readonly first: LogFile;
    readonly nextFile: () => LogFile;
    readonly onFailure: (error: Error) => void;
  }) {
    this.#server = options.server;
    this.#nextFile = options.nextFile;
    this.#onFailure = options.onFailure;
    this.#diff = options.first.diff;
    this.#startBytes = options.first.position;
    this.#writer = this.#open(options.first);
    for (const database of options.server.databases.values()) database.log.holdBack();
    options.server.keeper = this;
    options.server.transactions.onCommit = (tx, commits, tracked) => this.#committed(tx, commits, tracked);
  }

  /** Length of the log, in bytes. */
  get bytes(): number {
    return this.#writer.bytes;
  }

  definitionsChanged(): void {
    this.#dirty = true;
  }

  sequenceMoved(database: Database, { id, last }: Sequence): void {
    this.#writer.append(encodeRecord({ k: 'sequence', database: database.id, id, last }));
  }

  scanned(database: Database, taken: number, markLsn: number, nowMs: number): void {
    this.#flushDefinitions();
    this.#writer.append(encodeRecord({ k: 'scan', database: database.id, taken, markLsn, nowMs }));
  }

  cleaned(database: Database): void {
    const captures = [...(database.cdc?.captures.values() ?? [])];
    const marks = captures.map(({ objectId, startLsn }) => [objectId, startLsn] as const);
    this.#flushDefinitions();
    this.#writer.append(encodeRecord({ k: 'clean', database: database.id, marks }));
  }

  settled(): Promise<void> | null {
    this.#flushDefinitions();
    return this.#writer.settled();
  }

  /** The scripts of the first start have run. */
  initialised(): void {
    this.#flushDefinitions();
    this.#writer.append(encodeRecord({ k: 'initialised' }));
  }

  async close(): Promise<void> {
    this.#flushDefinitions();
    this.#server.keeper = null;
    this.#server.transactions.onCommit = null;
    await this.#writer.close();
  }

  /** Definitions of a transaction that is still open may be rolled back: they wait for its end, and others with them. */
  #flushDefinitions(committing: Transaction | null = null): void {
    if (!this.#dirty) return;
    for (const tx of this.#server.transactions.active) if (tx !== committing && tx.definitions.length > 0) return;
    this.#dirty = false;
    const records: Buffer[] = [];
    this.#diff.collect(this.#server, (record) => records.push(record));
    if (records.length > 0)
      this.#writer.append(records.length === 1 ? records[0]! : encodeRecord({ k: 'group', records }));
  }

  #committed(
    tx: Transaction,
    commits: ReadonlyMap<TransactionLog, CommittedChanges>,
    tracked: readonly TrackedCommit[],
  ): void {
    const rows = rowImages(tx);
    if (rows.length === 0 && commits.size === 0) return;
    this.#flushDefinitions(tx);
    const databases = new Map([...this.#server.databases.values()].map((database) => [database.id, database]));
    const images: (readonly [number, CommitImage])[] = [];
    for (const [log, commit] of commits) {
      const database = [...databases.values()].find((candidate) => candidate.log === log);
      if (!database) continue;
      images.push([database.id, commitImage(commit)]);
      this.#held.push({ number: this.#writer.appendedCount + 1, log: database.log });
    }
    const counters = counterImages(rows, databases);
    const record = encodeRecord({ k: 'commit', transactionId: tx.id, rows, counters, commits: images, tracked });
    this.#writer.append(record);
  }

  #release(count: number): void {
    let safe = 0;
    while (safe < this.#held.length && this.#held[safe]!.number <= count) safe++;
    for (const { log } of this.#held.splice(0, safe)) log.release();
    if (this.bytes > MIN_ROLL_BYTES && this.bytes > this.#startBytes * ROLL_GROWTH) void this.#roll();
  }

  /** Goes on in a new file that begins with the present state. Nothing else runs while that is written. */
  async #roll(): Promise<void> {
    if (this.#rolling) return;
    this.#rolling = true;
    try {
      for (let wait = this.settled(); wait; wait = this.settled()) await wait;
      if (this.#server.keeper !== this) return;
      const old = this.#writer;
      const next = this.#nextFile();
      this.#diff = next.diff;
      this.#startBytes = next.position;
      this.#writer = this.#open(next);
      await old.close();
    } catch (error) {
      this.#onFailure(error as Error);
    } finally {
      this.#rolling = false;
    }
  }

  #open({ file, position }: LogFile): LogWriter {
    return new LogWriter(file, position, { onDurable: (count) => this.#release(count), onFailure: this.#onFailure });
  }
}

/** The present state of every row a transaction wrote, once each. Rows of temporary tables are left out. */
function rowImages(tx: Transaction): RowImage[] {
  const rows: RowImage[] = [];
  const seen = tx.undo.length > 1 ? new Set<Row>() : null;
  for (const { table, row } of tx.undo) {
    if (table.place === null || seen?.has(row)) continue;
    seen?.add(row);
    rows.push([table.place.database, table.place.table, row.id, row.head.data]);
  }
  return rows;
}

function counterImages(rows: readonly RowImage[], databases: ReadonlyMap<number, Database>): CounterImage[] {
  const tables = new Map<Database, Set<number>>();
  for (const [databaseId, table] of rows) {
    const database = databases.get(databaseId);
    if (!database) continue;
    const known = tables.get(database);
    if (known) known.add(table);
    else tables.set(database, new Set([table]));
  }
  return [...tables].map(([database, ids]) => countersOf(database, ids));
}

/** The counters of a database, with the identity values of these tables. */
export function countersOf(database: Database, tableIds: Iterable<number>): CounterImage {
  const identities: (readonly [number, bigint | null])[] = [];
  for (const id of tableIds) {
    const table = database.objectsById.get(id);
    if (table?.kind === 'table' && hasIdentity(table)) identities.push([id, table.lastIdentity]);
  }
  return { database: database.id, rowversion: database.rowversion, identities };
}

function hasIdentity(table: TableObject): boolean {
  return table.identityAt >= 0;
}

export function commitImage(commit: CommittedChanges): CommitImage {
  const { transactionId, beginLsn, beginTimeMs, commitLsn, commitTimeMs, changes } = commit;
  return { transactionId, beginLsn, beginTimeMs, commitLsn, commitTimeMs, changes: changes.map(changeImage) };
}

export function changeImage({ table, op, before, after, lsn, commandId }: Change): ChangeImage {
  return { table: tableIdOf(table), op, before, after, lsn, commandId };
}

function tableIdOf(table: Table): number {
  return table.place?.table ?? 0;
}
