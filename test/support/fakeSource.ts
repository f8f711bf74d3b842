import type { Database } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsn } from '#connectors/sqlserver/lsn.ts';
import { fakeDatabase } from './fakeSourceDatabase.ts';

/** One row of a change table. */
export interface CdcRow {
  readonly commit: bigint;
  readonly command: number;
  readonly seq: bigint;
  readonly op: 1 | 2 | 3 | 4;
  readonly id: number;
  readonly value: number;
}

interface Transaction {
  readonly commit: bigint;
  readonly rows: readonly { readonly table: string; readonly row: CdcRow }[];
}

/** A write of the workload; `id` → row, `to` is the new key of a key update. `rekey` is logged as a delete and an insert, `rekeyInPlace` as one update. */
export type Write =
  | { readonly kind: 'insert' | 'update'; readonly table: string; readonly id: number; readonly value: number }
  | { readonly kind: 'delete'; readonly table: string; readonly id: number }
  | { readonly kind: 'rekey' | 'rekeyInPlace'; readonly table: string; readonly id: number; readonly to: number };

/** What a key held from a place in the log on; null = it did not exist. */
export interface Version {
  readonly table: string;
  readonly id: number;
  readonly commit: Lsn;
  readonly seq: Lsn;
  readonly value: number | null;
  /** False until the capture job has written it to a change table; stays false when there was none. */
  captured: boolean;
}

/** A capture instance: its change table, and below which LSN nothing of it may be read. */
export interface FakeInstance {
  readonly objectId: number;
  readonly rows: CdcRow[];
  readonly startLsn: bigint;
  mark: bigint;
}

export const lsnOf = (n: bigint): Lsn => lsn(n.toString(16).padStart(20, '0'));

/** The first object id of source tables; that of a table never changes. */
const SOURCE_OBJECTS = 10;

export interface FakeSourceOptions {
  /** False: the change tables lack `__$command_id`, as old builds make them. */
  readonly commandId?: boolean;
}

/**
 * A source with tables (ID int, V int), a log, and capture and clean-up jobs that run only when told: it answers exactly the statements the
 * reader sends. `before` runs ahead of each statement, so that a test can let anything happen in between.
 */
export class FakeSource {
  readonly tables: readonly string[];
  readonly hasCommandId: boolean;
  /** Every version of every key, in the order of the log. */
  readonly history: Version[] = [];
  /** Called before each statement with its text; may throw. `during` is called while a snapshot's view is being fixed. */
  before: (text: string) => void = () => undefined;
  during: () => void = () => undefined;
  /** Awaited before each statement inside a snapshot's transaction: reading a chunk takes time, and the world goes on. */
  slow: () => Promise<void> = () => Promise.resolve();
  /** Tables the login may not read. */
  readonly denied = new Set<string>();
  /** Statements since the start. */
  statements = 0;
  scan = { session: 1, empty: 0 };
  #next = 100n;
  #nextObject = 1000;
  readonly #rows = new Map<string, Map<number, number>>();
  readonly #pending: Transaction[] = [];
  readonly #captured: bigint[] = [];
  readonly #instances = new Map<string, FakeInstance>();

  constructor(
    tables: readonly string[],
    seed: Readonly<Record<string, readonly (readonly [number, number])[]>>,
    options: FakeSourceOptions = {},
  ) {
    this.tables = tables;
    this.hasCommandId = options.commandId ?? true;
    for (const table of tables) {
      this.#rows.set(table, new Map(seed[table] ?? []));
      for (const [id, value] of seed[table] ?? []) {
        this.history.push({ table, id, commit: lsnOf(0n), seq: lsnOf(0n), value, captured: true });
      }
    }
    for (const table of tables) this.enable(table);
  }

  state(table: string): ReadonlyMap<number, number> {
    return this.#rows.get(table)!;
  }

  instance(table: string): FakeInstance | undefined {
    return this.#instances.get(table);
  }

  sourceObject(table: string): number {
    return SOURCE_OBJECTS + this.tables.indexOf(table);
  }

  get uncaptured(): number {
    return this.#pending.length;
  }

  get maxLsn(): bigint | undefined {
    return this.#captured.at(-1);
  }

  /** Commits the capture job has read, oldest first. */
  get captured(): readonly bigint[] {
    return this.#captured;
  }

  get lastCommit(): Lsn {
    return lsnOf(this.#pending.at(-1)?.commit ?? this.#captured.at(-1) ?? 100n);
  }

  /** Where a capture begins that finds this newest captured LSN: no instance answers for what is before its own start. */
  startOf(captured: Buffer | null): string {
    const marks = [...this.#instances.values()].map((i) => lsnOf(i.mark));
    return [captured?.toString('hex') ?? '', ...marks].sort().at(-1)!;
  }

  takeLsn(): bigint {
    return this.#next++;
  }

  /** Makes the table's capture instance; changes of it are captured from here on. */
  enable(table: string): void {
    const startLsn = this.#next++;
    this.#instances.set(table, { objectId: this.#nextObject++, rows: [], startLsn, mark: startLsn });
  }

  /** Drops the table's capture instance. */
  disable(table: string): void {
    this.#instances.delete(table);
  }

  /** Commits the writes that make sense as one transaction. */
  commit(writes: readonly Write[]): void {
    const begun = writes.flatMap((write, i) => this.#apply(write, i + 1));
    if (begun.length === 0) return;
    const commit = this.#next++;
    const rows = begun.map(({ table, row }) => ({ table, row: { ...row, commit } }));
    this.#pending.push({ commit, rows });
    for (const [i, { table, row }] of rows.entries()) {
      const moved = row.op === 3 && rows[i + 1]?.row.id !== row.id;
      if (row.op === 3 && !moved) continue;
      const value = row.op === 1 || moved ? null : row.value;
      this.history.push({ table, id: row.id, commit: lsnOf(commit), seq: lsnOf(row.seq), value, captured: false });
    }
  }

  /** Lets the capture job read up to `count` transactions; one scan. */
  capture(count: number): void {
    if (count === 0) return;
    const taken = this.#pending.splice(0, count);
    if (taken.length > 0) this.scan = { session: this.scan.session + 1, empty: 0 };
    else this.scan = { ...this.scan, empty: this.scan.empty + 1 };
    for (const { commit, rows } of taken) {
      this.#captured.push(commit);
      for (const { table, row } of rows) {
        const instance = this.#instances.get(table);
        if (!instance || instance.startLsn > commit) continue;
        instance.rows.push(row);
        const at = lsnOf(row.seq);
        for (const v of this.history) if (v.table === table && v.seq === at) v.captured = true;
      }
    }
  }

  /** What the capture job writes every few minutes on a quiet database: a place in the log without changes. */
  markTime(): void {
    if (this.#pending.length === 0) this.#captured.push(this.#next++);
  }

  /** The clean-up job raises a table's low-water mark to a captured commit; the rows below go later, by `erase`. */
  cleanUp(table: string, mark: bigint): void {
    const instance = this.#instances.get(table);
    if (instance && mark > instance.mark) instance.mark = mark;
  }

  /** The clean-up job deletes up to `count` rows below the low-water marks, in no order that could be relied on. */
  erase(count: number, pick: (below: number) => number): void {
    for (let n = count; n > 0; n--) {
      const old = [...this.#instances.values()].flatMap((instance) =>
        instance.rows.filter((row) => row.commit < instance.mark).map((row) => ({ instance, row })),
      );
      const gone = old[pick(Math.max(old.length, 1))];
      if (!gone) return;
      gone.instance.rows.splice(gone.instance.rows.indexOf(gone.row), 1);
    }
  }

  database(): Database {
    return fakeDatabase(this);
  }

  #apply(write: Write, command: number): { table: string; row: Omit<CdcRow, 'commit'> }[] {
    const { table, id } = write;
    const rows = this.#rows.get(table)!;
    const old = rows.get(id);
    if ((write.kind === 'insert') === (old !== undefined)) return [];
    const seq = this.#next++;
    const made = (op: CdcRow['op'], rowId: number, value: number) => ({
      table,
      row: { command, seq, op, id: rowId, value },
    });
    switch (write.kind) {
      case 'insert':
        rows.set(id, write.value);
        return [made(2, id, write.value)];
      case 'update':
        rows.set(id, write.value);
        return [made(3, id, old!), made(4, id, write.value)];
      case 'delete':
        rows.delete(id);
        return [made(1, id, old!)];
      default: {
        if (rows.has(write.to)) return [];
        rows.delete(id);
        rows.set(write.to, old!);
        const [first, second] = write.kind === 'rekey' ? ([1, 2] as const) : ([3, 4] as const);
        return [made(first, id, old!), made(second, write.to, old!)];
      }
    }
  }
}
