import type { ColumnCodec } from '#connectors/sqlserver/columnCodec.ts';
import type { ArrayRow, Database, Queryable } from '#connectors/sqlserver/connection.ts';
import { quoteName } from '#connectors/sqlserver/identifiers.ts';
import { KEY_TEXT_LENGTH, type KeyCodec, keyCodec } from '#connectors/sqlserver/keyText.ts';
import { type Lsn, lsnFromNumeric } from '#connectors/sqlserver/lsn.ts';
import { int, nvarcharOf, type SqlParam } from '#connectors/sqlserver/params.ts';
import { carriedCodecs, rowDigest } from '#connectors/sqlserver/rowDigest.ts';
import {
  digestChunk,
  ESTIMATED_ROWS,
  fixSnapshotView,
  GENTLE_READ,
  keyAfterRows,
  keyValues,
  rowsByKeys,
  snapshotChunk,
} from '#connectors/sqlserver/snapshotQueries.ts';
import { sqlErrorNumber } from '#connectors/sqlserver/sqlErrors.ts';
import { hasCode, SluiceError } from '#infra/runtime/errors.ts';
import { RowReader } from './rowReader.ts';
import { readAsDefined } from './schemaDefinition.ts';
import { type FilterSql, NO_FILTER } from './snapshotFilter.ts';
import type { SnapshotIsolation } from './snapshotIsolation.ts';
import type { CapturedTable, Row } from './types.ts';

/** A key, each part as text. */
export type KeyText = readonly string[];

/** Rows of a table without a key that are read at most; they are held in memory together. */
const MAX_KEYLESS_ROWS = 200_000;

/** Where in the log a view lies. */
export interface View {
  /** Whatever committed at or before it is seen. */
  readonly from: Lsn;
  /** Whatever committed after it is not seen; null while nothing proves where that is. */
  readonly to: Lsn | null;
}

/** Rows as they stood in a view, in key order. */
export interface RowsRead extends View {
  readonly rows: readonly Row[];
  /** The key of a row that was read. */
  readonly keyOf: (index: number) => KeyText | null;
  /** No rows come after them. */
  readonly last: boolean;
}

/** A row as its digest tells it. */
export interface DigestRow {
  readonly key: KeyText;
  /** The key columns, and those that are not in the digest. */
  readonly row: Row;
  readonly digest: Buffer;
}

/** How to read: `since` is known to be captured before reading begins; `onView` hears of the view's beginning as soon as it is fixed. */
export interface ReadOptions {
  readonly isolation: SnapshotIsolation;
  readonly since: Lsn;
  readonly onView: (from: Lsn) => void;
}

export interface RangeToRead extends ReadOptions {
  readonly after: KeyText | null;
  readonly upTo: KeyText | null;
  readonly limit: number;
}

/** Reads the rows of one version of a table for snapshots. Nothing is locked under SNAPSHOT isolation; nothing is written in either. */
export class TableReader {
  readonly table: CapturedTable;
  readonly #db: Database;
  readonly #signal: AbortSignal;
  readonly #reader: RowReader;
  readonly #codecs: readonly ColumnCodec[];
  readonly #keys: readonly KeyCodec[];
  readonly #filter: FilterSql;
  /** True when the rows do not give their key as it is (masked columns): the server sends it as text. */
  readonly #keyTexts: boolean;

  constructor(db: Database, table: CapturedTable, filter: FilterSql | null, signal: AbortSignal) {
    const { instance } = table;
    this.table = table;
    this.#db = db;
    this.#signal = signal;
    this.#reader = new RowReader(instance);
    this.#codecs = this.#reader.codecs;
    const columnOf = (name: string) => instance.columns.find((c) => c.name === name)!;
    this.#keys = instance.keyColumns.map((name) => keyCodec(columnOf(name)));
    this.#filter = filter ?? NO_FILTER;
    this.#keyTexts = this.#keys.some(({ column }) => column.mask !== undefined);
  }

  get hasKey(): boolean {
    return this.#keys.length > 0;
  }

  /** True when rows may be large: text, image, (max) types. */
  get hasLargeColumns(): boolean {
    return this.#codecs.some((codec) => codec.large);
  }

  /** The key of a row as text. */
  keyOf(row: Row): KeyText {
    return this.#keys.map(({ column, text }) => text(row[column.name]));
  }

  /** The next rows of a range. @throws SluiceError CDC_SNAPSHOT_UNAVAILABLE, SNAPSHOT_NOT_POSSIBLE */
  async range(range: RangeToRead): Promise<RowsRead> {
    const { after, upTo } = range;
    const limit = this.hasKey ? range.limit : MAX_KEYLESS_ROWS + 1;
    const shape = {
      after: after !== null,
      upTo: upTo !== null,
      where: this.#filter.text,
      keyTexts: this.#keyTexts,
    };
    const text = snapshotChunk(this.table.instance, this.#codecs, this.#keys, shape);
    const params = {
      rows: int(limit),
      ...keyParams('k', after ?? []),
      ...keyParams('u', upTo ?? []),
      ...this.#filter.params,
    };
    const { found, ...view } = await this.#inView(range, (db, gentle) => db.rows(gentle + text, params, this.#signal));
    if (!this.hasKey && found.length > MAX_KEYLESS_ROWS) throw tooManyKeyless(this.table);
    const rows = found.map((values) => this.#reader.fromTable(values, 0));
    return { ...view, rows, keyOf: this.#keyAt(found, rows), last: found.length < limit };
  }

  /** Like `range`, but of each row only its key, its digest (rowDigest.ts) and what that leaves out. The key must not be masked. */
  async digests(range: RangeToRead): Promise<View & { readonly rows: readonly DigestRow[]; readonly last: boolean }> {
    const { after, upTo, limit } = range;
    const digest = rowDigest(this.#codecs.map(({ column }) => column));
    const keyColumns = new Set(this.#keys.map(({ column }) => column.name));
    const keyed = this.#codecs.filter(({ column }) => keyColumns.has(column.name));
    const codecs = [...keyed, ...carriedCodecs(digest).filter(({ column }) => !keyColumns.has(column.name))];
    const shape = { after: after !== null, upTo: upTo !== null, where: this.#filter.text, keyTexts: true };
    const text = digestChunk(this.table.instance, codecs, this.#keys, digest.sql, shape);
    const params = {
      ...{ rows: int(limit), ...keyParams('k', after ?? []) },
      ...{ ...keyParams('u', upTo ?? []), ...this.#filter.params },
    };
    const { found, ...view } = await this.#inView(range, (db, gentle) => db.rows(gentle + text, params, this.#signal));
    const width = this.#keys.length;
    const rows = found.map((values) => ({
      key: values.slice(0, width) as string[],
      row: rowOf(codecs, values, width),
      digest: values[width + codecs.length] as Buffer,
    }));
    return { ...view, rows, last: found.length < limit };
  }

  /** The key columns of keys, as a row has them. At most maxKeysAtOnce keys. */
  async keyRows(keys: readonly KeyText[]): Promise<Row[]> {
    const codecs = this.#keys.map(({ column }) => this.#codecs.find((codec) => codec.column.name === column.name)!);
    const found = await this.#db.rows(keyValues(codecs, this.#keys, keys.length), keysParams(keys), this.#signal);
    const rows: Row[] = [];
    for (const values of found) rows[Number(values[0])] = rowOf(codecs, values, 1);
    return rows;
  }

  /** The rows with these keys; null for a key that has none. At most maxKeysAtOnce keys. */
  async byKeys(keys: readonly KeyText[], options: ReadOptions): Promise<View & { readonly rows: (Row | null)[] }> {
    const text = rowsByKeys(this.table.instance, this.#codecs, this.#keys, keys.length);
    const params = keysParams(keys);
    const { found, ...view } = await this.#inView(options, (db, gentle) =>
      db.rows(gentle + text, params, this.#signal),
    );
    const rows: (Row | null)[] = keys.map(() => null);
    for (const values of found) rows[Number(values[0])] = this.#reader.fromTable(values, 1);
    return { ...view, rows };
  }

  /** About how many rows the table has; null when its statistics do not say. */
  async estimatedRows(): Promise<number | null> {
    const object = { type: int(0).type, value: this.table.instance.sourceObjectId };
    const [row] = await this.#db.rows(ESTIMATED_ROWS, { object }, this.#signal);
    return row?.[0] === null || row?.[0] === undefined ? null : Number(row[0]);
  }

  /** The key `rows` rows after a key (null: after the beginning); null when there are fewer. */
  async keyAfter(after: KeyText | null, rows: number, options: ReadOptions): Promise<KeyText | null> {
    const text = keyAfterRows(this.table.instance, this.#keys, after !== null);
    const params = { rows: int(rows), ...keyParams('k', after ?? []) };
    const read = (db: Queryable, gentle: string) => db.rows(gentle + text, params, this.#signal);
    const [found] =
      options.isolation === 'snapshot'
        ? await this.#db.inSnapshot((transaction) => read(transaction, ''))
        : await read(this.#db, GENTLE_READ);
    return (found as KeyText | undefined) ?? null;
  }

  async #inView<T>(
    { isolation, since, onView }: ReadOptions,
    read: (db: Queryable, prefix: string) => Promise<T>,
  ): Promise<View & { readonly found: T }> {
    if (isolation === 'read-committed') {
      onView(since);
      const found = await readAsDefined(this.#db, this.table, () => read(this.#db, GENTLE_READ), this.#signal);
      return { from: since, to: null, found };
    }
    return this.#db.inSnapshot(async (transaction) => {
      const view = await fixView(transaction, this.table, this.#signal);
      onView(view.from);
      const found = await readAsDefined(transaction, this.table, () => read(transaction, ''), this.#signal);
      return { ...view, found };
    });
  }

  #keyAt(found: readonly ArrayRow[], rows: readonly Row[]): (index: number) => KeyText | null {
    if (!this.hasKey) return () => null;
    if (!this.#keyTexts) return (index) => this.keyOf(rows[index]!);
    const width = this.#codecs.length;
    return (index) => found[index]!.slice(width) as string[];
  }
}

/** Parameters `<prefix>0`, `<prefix>1`, … of a key. */
function keyParams(prefix: string, key: KeyText): Record<string, SqlParam> {
  return Object.fromEntries(key.map((text, i) => [`${prefix}${i}`, nvarcharOf(KEY_TEXT_LENGTH, text)]));
}

function keysParams(keys: readonly KeyText[]): Record<string, SqlParam> {
  return Object.assign({}, ...keys.map((key, n) => keyParams(`k${n}_`, key))) as Record<string, SqlParam>;
}

/** The values of these columns from `offset` on; NULL is null. */
function rowOf(codecs: readonly ColumnCodec[], values: ArrayRow, offset: number): Row {
  return Object.fromEntries(
    codecs.map((codec, i) => {
      const value = values[offset + i];
      return [codec.column.name, value === null || value === undefined ? null : codec.decode(value)];
    }),
  );
}

async function fixView(transaction: Queryable, table: CapturedTable, signal: AbortSignal): Promise<View> {
  const unavailable = (found: string, cause?: unknown): SluiceError =>
    new SluiceError('CDC_SNAPSHOT_UNAVAILABLE', `Snapshot of ${table.id}: ${found}`, {
      context: { table: table.id },
      ...(cause !== undefined && { cause }),
    });
  let found: ArrayRow | undefined;
  try {
    [found] = await transaction.rows(fixSnapshotView(table.instance), {}, signal);
  } catch (error) {
    // 229 and 230: the table itself may not be read, in whatever isolation.
    const number = sqlErrorNumber(error);
    if (!hasCode(error, 'SQL_PERMISSION_DENIED') || number === 229 || number === 230) throw error;
    throw unavailable('the login may not see its own transaction', error);
  }
  const [begin, savepoint] = (found ?? []) as (string | null | undefined)[];
  if (!begin || !savepoint) throw unavailable('the server tells no log position of the transaction');
  return { from: lsnFromNumeric(begin), to: lsnFromNumeric(savepoint) };
}

function tooManyKeyless({ id, instance }: CapturedTable): SluiceError {
  const table = `${quoteName(instance.schema)}.${quoteName(instance.table)}`;
  return new SluiceError(
    'SNAPSHOT_NOT_POSSIBLE',
    `Snapshot of ${id}: expected a primary key or at most ${MAX_KEYLESS_ROWS} rows, found more rows in ${table} and no key to page by`,
    {
      hint: "Give the table a primary key, or set capture.snapshot.tables to 'none' for it.",
      context: { table: id },
    },
  );
}
