import { type KeyText, TableReader, type View } from '#connectors/capture/chunk.ts';
import { type CaptureMark, capturedSince, captureMark } from '#connectors/capture/logScan.ts';
import { type SnapshotIsolation, snapshotIsolation } from '#connectors/capture/snapshotIsolation.ts';
import type { SourceRules } from '#connectors/capture/tableRules.ts';
import { loadTables } from '#connectors/capture/tables.ts';
import type { CapturedTable, Row } from '#connectors/capture/types.ts';
import { type ArrayRow, type Database, openDatabase, type Queryable } from '#connectors/sqlserver/connection.ts';
import { type Lsn, lsnFromBuffer, ZERO_LSN } from '#connectors/sqlserver/lsn.ts';
import type { DatabaseOptions } from '#connectors/sqlserver/poolConfig.ts';
import { MAX_CAPTURED_LSN } from '#connectors/sqlserver/queries.ts';
import { maxKeysAtOnce } from '#connectors/sqlserver/snapshotQueries.ts';
import type { SourceCost } from './report.ts';

/** A row of the source: whole, or with a digest instead of most of its columns. */
export interface SourceRow {
  readonly key: KeyText;
  readonly row: Row;
  /** null: `row` is whole. */
  readonly digest: Buffer | null;
}

/** Rows as they stood in one view. */
export interface SourceRows extends View {
  readonly rows: readonly SourceRow[];
}

/** What had been captured when a view was closed, so that one can tell later that everything in it was. */
export interface ViewMark {
  readonly view: View;
  readonly mark: CaptureMark;
}

export interface SourceOptions {
  readonly database: DatabaseOptions;
  readonly rules: SourceRules;
  /** `schema.table` and patterns of the main database. */
  readonly tables: readonly string[];
  readonly signal: AbortSignal;
}

/** Reads the source for comparisons, with capture's own login: short SNAPSHOT transactions, nothing is locked, nothing is written. */
export class SourceReader {
  readonly #db: Database;
  readonly #tables: ReadonlyMap<string, CapturedTable>;
  readonly #readers = new Map<string, TableReader>();
  readonly #signal: AbortSignal;
  readonly #isolation: SnapshotIsolation;
  readonly #cost: Mutable<SourceCost>;
  /** What the login lacks for exact views, one line each. */
  readonly reasons: readonly string[];
  first: Lsn | null = null;
  last: Lsn | null = null;

  private constructor(
    db: Database,
    tables: readonly CapturedTable[],
    choice: { readonly isolation: SnapshotIsolation; readonly reasons: readonly string[] },
    cost: Mutable<SourceCost>,
    signal: AbortSignal,
  ) {
    this.#db = db;
    this.#tables = new Map(tables.map((table) => [table.id.toLowerCase(), table]));
    this.#isolation = choice.isolation;
    this.#cost = cost;
    this.#signal = signal;
    this.reasons = choice.reasons;
  }

  static async open(options: SourceOptions): Promise<SourceReader> {
    const cost = { statements: 0, rows: 0, bytes: 0, waitedMs: 0 };
    const db = measured(await openDatabase({ ...options.database, applicationName: 'sluice verify' }), cost);
    try {
      const settings = { database: options.database.database, tables: options.tables, rules: options.rules };
      const { tables } = await loadTables(db, settings, null, options.signal);
      const choice = await snapshotIsolation(db, 'auto', options.signal);
      return new SourceReader(db, tables, choice, cost, options.signal);
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  get cost(): SourceCost {
    return { ...this.#cost, waitedMs: Math.round(this.#cost.waitedMs) };
  }

  table(id: string): CapturedTable | undefined {
    return this.#tables.get(id.toLowerCase());
  }

  /** About how many rows a table has; null when its statistics do not say. */
  estimatedRows(table: CapturedTable): Promise<number | null> {
    return this.#reader(table).estimatedRows();
  }

  /** The next rows of a table after a key, in key order. `digests`: only those, where the key is not masked. */
  async chunk(
    table: CapturedTable,
    after: KeyText | null,
    limit: number,
    digests: boolean,
  ): Promise<SourceRows & { readonly last: boolean }> {
    const range = { ...(await this.#view()), after, upTo: null, limit };
    const reader = this.#reader(table);
    if (digests) {
      const read = await reader.digests(range);
      return { ...this.#seen(read), rows: read.rows, last: read.last };
    }
    const { rows, keyOf, last, ...view } = await reader.range(range);
    return { ...this.#seen(view), rows: rows.map((row, i) => ({ key: keyOf(i)!, row, digest: null })), last };
  }

  /** The key so many rows after another; null when there are fewer. */
  async keyAfter(table: CapturedTable, after: KeyText | null, rows: number): Promise<KeyText | null> {
    return this.#reader(table).keyAfter(after, rows, await this.#view());
  }

  /** The rows with these keys, null where there is none, with what tells when their view is captured. At most `maxKeys`. */
  async byKeys(table: CapturedTable, keys: readonly KeyText[]): Promise<ViewMark & { readonly rows: (Row | null)[] }> {
    const { rows, ...view } = await this.#reader(table).byKeys(keys, await this.#view());
    return { rows, ...(await this.mark(this.#seen(view))) };
  }

  maxKeys({ instance }: CapturedTable): number {
    return maxKeysAtOnce(instance.keyColumns.length);
  }

  /** The key texts of a row with (at least) its key columns. */
  keyOf(table: CapturedTable, row: Row): KeyText {
    return this.#reader(table).keyOf(row);
  }

  /** The key columns of a key as a row has them. */
  async keyRow(table: CapturedTable, key: KeyText): Promise<Row> {
    return (await this.#reader(table).keyRows([key]))[0]!;
  }

  async mark(view: View): Promise<ViewMark> {
    return { view, mark: await captureMark(this.#db, this.#signal) };
  }

  /** The newest captured commit; null while nothing was captured. */
  async captured(): Promise<Lsn | null> {
    const [row] = await this.#db.rows(MAX_CAPTURED_LSN, {}, this.#signal);
    const bytes = row?.[0] as Uint8Array | null | undefined;
    return bytes ? lsnFromBuffer(bytes) : null;
  }

  /** Up to where a copy must have come to show everything that is in the view; null while that is not captured yet. */
  async toPass({ view, mark }: ViewMark): Promise<Lsn | null> {
    const now = await captureMark(this.#db, this.#signal);
    const captured = await this.captured();
    if (captured === null) return null;
    if (view.to !== null && captured >= view.to) return view.to;
    return capturedSince(mark, now) ? captured : null;
  }

  close(): Promise<void> {
    return this.#db.close();
  }

  #reader(table: CapturedTable): TableReader {
    const known = this.#readers.get(table.id);
    if (known !== undefined) return known;
    const reader = new TableReader(this.#db, table, null, this.#signal);
    this.#readers.set(table.id, reader);
    return reader;
  }

  async #view() {
    // Without exact views everything that was captured before the reading is in it.
    const since = this.#isolation === 'snapshot' ? ZERO_LSN : ((await this.captured()) ?? ZERO_LSN);
    return { isolation: this.#isolation, since, onView: () => undefined };
  }

  #seen({ from, to }: View): View {
    this.first ??= from;
    this.last = to ?? from;
    return { from, to };
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The same database, with what it sends counted. */
function measured(db: Database, cost: Mutable<SourceCost>): Database {
  const watch = (queryable: Queryable): Queryable => {
    const timed = async <T>(call: () => Promise<T>, rowsOf: (answer: T) => readonly ArrayRow[]): Promise<T> => {
      const startedAt = performance.now();
      const answer = await call();
      const rows = rowsOf(answer);
      cost.statements += 1;
      cost.waitedMs += performance.now() - startedAt;
      cost.rows += rows.length;
      for (const row of rows) for (const value of row) cost.bytes += sizeOf(value);
      return answer;
    };
    return {
      rows: (...args) =>
        timed(
          () => queryable.rows(...args),
          (rows) => rows,
        ),
      sets: (...args) =>
        timed(
          () => queryable.sets(...args),
          (sets) => sets.flat(),
        ),
      query: (text, params, signal) => queryable.query(text, params, signal),
    };
  };
  return {
    ...watch(db),
    where: db.where,
    execute: (...args) => db.execute(...args),
    inSnapshot: (work) => db.inSnapshot((transaction) => work(watch(transaction))),
    batch: (text) => db.batch(text),
    close: () => db.close(),
  };
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length * 2 + 2;
  return Buffer.isBuffer(value) ? value.length + 2 : value === null ? 1 : 8;
}
